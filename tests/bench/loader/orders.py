"""What a loader does: jobs one by one, jobs at random times, jobs in batches, the same call."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.bench.loader.http import Answer, Connection

Order = dict[str, Any]
Result = dict[str, Any]

# Seconds for which one call waits.
_WAIT = 25


async def jobs(order: Order) -> Result:
    """Run `count` jobs, `concurrency` at a time, each to its end; return ms of each as `ms`.

    With `form` "poll", a job is a POST and a GET that waits; with "prefer", a POST that waits; with
    "submit", only the POST. `names` and `labels`, if they are given, are what is categorised.
    """
    latencies: list[float] = []
    names = order.get("names")

    async def run(connection: Connection, number: int) -> None:
        named = {"item_name": names[number], "candidate_labels": order["labels"]} if names else None
        began = time.perf_counter()
        await _job(connection, {"payload": named, **order})
        latencies.append((time.perf_counter() - began) * 1000)

    seconds = await _each(order, run)
    return {"seconds": seconds, "ms": latencies}


async def arrivals(order: Order) -> Result:
    """Run `count` jobs one after the other, with random pauses of `mean` seconds between them."""
    rng = random.Random(order["seed"])
    latencies: list[float] = []

    async def run(connection: Connection, _number: int) -> None:
        await asyncio.sleep(rng.expovariate(1 / order["mean"]))
        began = time.perf_counter()
        await _job(connection, order)
        latencies.append((time.perf_counter() - began) * 1000)

    seconds = await _each({**order, "concurrency": 1}, run)
    return {"seconds": seconds, "ms": latencies}


async def batches(order: Order) -> Result:
    """Run `count` batches of `jobs` jobs, `concurrency` at a time, each to the end of all."""

    async def run(connection: Connection, _number: int) -> None:
        entries = [
            {"feature": "categorization", "payload": _payload(), "idempotency_key": uuid4().hex}
            for _ in range(order["jobs"])
        ]
        body = json.dumps({"tenant_id": order["tenant"], "jobs": entries}).encode()
        answer = _accepted(await connection.post("/api/v1/jobs/batch", body), 200)
        ids = ",".join(result["job"]["id"] for result in json.loads(answer.body)["results"])
        finished = 0
        while finished < order["jobs"]:
            path = f"/api/v1/jobs?ids={ids}&wait={_WAIT}"
            answer = _accepted(await connection.get(path), 200)
            finished = answer.body.count(b'"status":"succeeded"')

    return {"seconds": await _each(order, run)}


async def repeat(order: Order) -> Result:
    """Call GET `path` `count` times, `concurrency` at a time."""

    async def run(connection: Connection, _number: int) -> None:
        _accepted(await connection.get(order["path"]), 200)

    return {"seconds": await _each(order, run)}


async def pace(order: Order) -> Result:
    """Submit `per_second` jobs a second for `seconds`, whether or not the earlier are accepted.

    Another `form` than "submit" waits for their ends. With `tolerant`, jobs may fail: `failures`
    says why they did.
    """
    loop = asyncio.get_running_loop()
    idle: list[Connection] = []
    latencies: list[float] = []
    failures: list[str] = []

    async def submit() -> None:
        began = time.perf_counter()
        connection = idle.pop() if idle else await _opened(order)
        try:
            await _job(connection, {"form": "submit", **order})
        except (RuntimeError, ConnectionError) as error:
            if not order.get("tolerant"):
                raise
            connection.close()
            failures.append(str(error))
            return
        latencies.append((time.perf_counter() - began) * 1000)
        idle.append(connection)

    begin, submitting = loop.time(), []
    for number in range(round(order["per_second"] * order["seconds"])):
        await asyncio.sleep(begin + number / order["per_second"] - loop.time())
        submitting.append(asyncio.create_task(submit()))
    await asyncio.gather(*submitting)
    for connection in idle:
        connection.close()
    return {"seconds": loop.time() - begin, "ms": latencies, "failures": failures}


async def _each(order: Order, run: Callable[[Connection, int], Awaitable[None]]) -> float:
    """Run something `count` times, on `concurrency` connections; return the seconds it took."""
    numbers = iter(range(order["count"]))
    connections = [await _opened(order) for _ in range(min(order["concurrency"], order["count"]))]

    async def use(connection: Connection) -> None:
        for number in numbers:
            await run(connection, number)

    began = time.perf_counter()
    await asyncio.gather(*map(use, connections))
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return seconds


async def _job(connection: Connection, order: Order) -> None:
    """Submit a job, and wait for its end as the `form` of the order says."""
    body = {
        "tenant_id": order["tenant"],
        "feature": order.get("feature", "categorization"),
        "payload": order.get("payload") or _payload(),
    }
    headers = f"Idempotency-Key: {uuid4().hex}\r\n"
    if order["form"] == "prefer":
        headers += f"Prefer: wait={_WAIT}\r\n"
    answer = await connection.post("/api/v1/jobs", json.dumps(body).encode(), headers)
    location = _accepted(answer, 200, 202).location
    while order["form"] != "submit" and b'"status":"succeeded"' not in answer.body:
        answer = _accepted(await connection.get(f"{location}?wait={_WAIT}"), 200)
        if b'"status":"failed"' in answer.body:
            raise RuntimeError(f"a job failed: {answer.body[:1000]!r}")


def _payload() -> dict[str, object]:
    return {"item_name": f"item {uuid4().hex}", "candidate_labels": ["Dairy"]}


def _accepted(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise RuntimeError(f"the front answered {answer.status}: {answer.body[:1000]!r}")
    return answer


async def _opened(order: Order) -> Connection:
    return await Connection.open(order["url"], order["tenant"], order.get("token"))
