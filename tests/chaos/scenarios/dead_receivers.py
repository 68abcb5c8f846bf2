"""The scenario in which nobody receives callbacks for long, some for longer than a day."""

from collections.abc import Awaitable, Callable

import httpx

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import TENANT, Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.receiving import SETTINGS, Receiver, all_delivered
from tests.support.waiting import wait_until

# How many deliveries are made a day old before their receivers are back.
_AGED = 5


async def receivers_dead(plan: Plan) -> Report:
    """Every receiver of callbacks is down and comes back; what was dead by then is sent by hand."""
    settings = {**SETTINGS, "CALLBACK_RETRY_PAUSE": "0.1", **plan.settings}
    async with cluster(2, plan.seed, settings) as system:
        with Receiver(system, faulty=False) as first, Receiver(system, faulty=False) as second:
            receivers = (first, second)
            for receiver in receivers:
                receiver.kill()
            async with calling(system, "noop"):
                for receiver in receivers:
                    await system.submit("noop", plan.jobs // 4, callback=receiver.url)
                asked = 2 * (plan.jobs // 4)
                tried = _counting(system, "last_error IS NOT NULL", asked)
                await wait_until(tried, "all were tried in vain", 60)
                await _age(system, _AGED)
                dead = _counting(system, "state = 'dead'", _AGED)
                await wait_until(dead, "the old ones were dead", 60)
                for receiver in receivers:
                    receiver.revive()
            await system.all_finished()
            arrived = _counting(system, "state = 'delivered'", asked - _AGED)
            await wait_until(arrived, "the others arrived", 120, pause=0.2)
            await _redeliver(system)
            await wait_until(lambda: all_delivered(system), "all were delivered", 60, pause=0.2)
            report = await audit("receivers_dead", system)
            received = first.received()
            report.notes |= {
                "callbacks": len(received),
                "repetitions": received.total() - len(received),
                "dead": _AGED,
            }
            if len(received) != asked:
                report.problem = f"{len(received)} callbacks arrived"
            return report


def _counting(system: Cluster, condition: str, count: int) -> Callable[[], Awaitable[bool]]:
    """Return a function that says whether an SQL condition holds for so many deliveries."""

    async def counted() -> bool:
        async with system.database() as database:
            query = f"SELECT count(*) FROM callback_deliveries WHERE {condition}"  # noqa: S608
            return bool(await database.fetchval(query) == count)

    return counted


async def _age(system: Cluster, count: int) -> None:
    """Make some pending deliveries a day old, and due."""
    await system.administer(
        f"""UPDATE callback_deliveries
            SET pending_since = pending_since - interval '1 day', due_at = now()
            WHERE id IN (SELECT id FROM callback_deliveries WHERE state = 'pending'
                         ORDER BY id LIMIT {count:d})"""  # noqa: S608
    )


async def _redeliver(system: Cluster) -> None:
    """Have every dead delivery sent again, as an operator does."""
    async with system.database() as database:
        dead = await database.fetch(
            """SELECT delivery.id, callback.job_id FROM callback_deliveries AS delivery
               JOIN job_callbacks AS callback ON callback.id = delivery.callback_id
               WHERE delivery.state = 'dead'"""
        )
    async with httpx.AsyncClient(base_url=system.url, headers={"X-Tenant-ID": TENANT}) as http:
        for row in dead:
            path = f"/api/v1/jobs/{row['job_id']}/callbacks/{row['id']}/redeliver"
            (await http.post(path)).raise_for_status()
