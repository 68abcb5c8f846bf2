"""Scenarios in which fronts die, or have to answer very many calls at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import TENANT, Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS

# Seconds. Longer than any front waits, so that a caller that hears nothing is noticed.
_TIMEOUT = 60.0


async def fronts_killed(plan: Plan) -> Report:
    """Each of two fronts in turn gets SIGKILL and is started again, under load."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}, fronts=2) as system:
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            for kill in range(1 + plan.kills):
                url = list(system.fronts)[kill % 2]
                system.fronts.pop(url).kill()
                await asyncio.sleep(system.rng.uniform(0.2, 0.8))
                await asyncio.to_thread(system.start_front, urlsplit(url).port)
                await asyncio.sleep(system.rng.uniform(0.2, 0.8))
        await system.all_finished()
        report = await audit("fronts_killed", system)
        report.notes["kills"] = 1 + plan.kills
        return report


async def bursts(plan: Plan) -> Report:
    """Very many calls come at once: submissions, calls that wait for a job, and for an answer."""
    async with cluster(2, plan.seed, plan.settings) as system:
        async with _crowd(system, plan.wide) as http:
            await _post_all(system, http, plan.wide, {202})
            jobs = list(system.accepted)
            waits = [http.get(f"/api/v1/jobs/{job}?wait=25&tenant_id={TENANT}") for job in jobs]
            _note(system, await asyncio.gather(*waits), {200})
            asked = [http.post("/api/v1/categorize", json=_envelope()) for _ in range(plan.wide)]
            _note(system, await asyncio.gather(*asked), {200})
        await system.all_finished()
        return await audit("bursts", system)


async def burst_without_redis(plan: Plan) -> Report:
    """Very many jobs are submitted at once while Redis hangs; all are accepted."""
    return await _burst_without(plan, "redis", {202})


async def burst_without_postgres(plan: Plan) -> Report:
    """Very many jobs are submitted at once while Postgres hangs; all are refused in time."""
    return await _burst_without(plan, "postgres", {202, 503})


async def _burst_without(plan: Plan, server: str, right: set[int]) -> Report:
    """Send bursts while a server hangs. They may take 2 s longer than twice a calm one.

    A burst takes a front's whole core, so that how long a calm one takes depends on what else the
    machine does; from one burst to the next, that may double.
    """
    async with cluster(2, plan.seed, plan.settings) as system:
        away = system.outage() if server == "postgres" else nullcontext()
        async with _crowd(system, plan.wide) as http:
            calm = await _post_all(system, http, plan.wide, {202})
            await system.all_finished()
            with away, system.frozen(server):
                # The first burst meets connections that were open, and the second one new ones.
                hung = [await _post_all(system, http, plan.wide, right) for _ in range(2)]
            async with calling(system):
                await asyncio.sleep(CALM)
        await system.all_finished()
        system.answers += [max(0, slowest - 2 * calm) for slowest in hung]
        report = await audit(f"burst_without_{server}", system)
        report.notes["bursts_took"] = [round(slowest, 1) for slowest in (calm, *hung)]
        return report


def _crowd(system: Cluster, wide: int) -> httpx.AsyncClient:
    """Return a client with a connection for each call of a burst."""
    limits = httpx.Limits(max_connections=wide, max_keepalive_connections=wide)
    return httpx.AsyncClient(base_url=system.url, limits=limits, timeout=_TIMEOUT)


async def _post_all(system: Cluster, http: httpx.AsyncClient, wide: int, right: set[int]) -> float:
    """Submit very many jobs at once, each with a key; return how long the slowest answer took."""

    async def post() -> tuple[httpx.Response, float]:
        body, key, began = system.request("noop"), uuid4().hex, time.monotonic()
        answer = await http.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": key})
        took = time.monotonic() - began
        system.note_answer(answer, key)
        return answer, took

    answered = await asyncio.gather(*(post() for _ in range(wide)))
    _note(system, [answer for answer, _ in answered], right)
    return max(took for _, took in answered)


def _note(system: Cluster, answers: Sequence[httpx.Response], right: set[int]) -> None:
    """Count the answers whose status is not one of the right ones."""
    wrong = Counter(
        f"{answer.status_code} {answer.json().get('error')}"
        for answer in answers
        if answer.status_code not in right
    )
    for what, count in wrong.items():
        system.note_wrong(what, count)


def _envelope() -> Mapping[str, object]:
    key = uuid4().hex
    return {
        "request_id": key,
        "tenant_id": TENANT,
        "user_id": "burst",
        "feature": "categorization",
        "payload": {"item_name": f"noop #{key}", "candidate_labels": ["Dairy"]},
        "metadata": {},
    }
