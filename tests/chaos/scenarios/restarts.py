"""Scenarios that break Redis, its messages, or Postgres."""

from shared.contracts.features import Queue
from shared.wire.messages import queue_key
from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report


async def redis_restarted_empty(plan: Plan) -> Report:
    """Redis dies while jobs run, and comes back empty."""
    async with cluster(2, plan.seed, plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        system.stop("redis")
        # Running jobs end without Redis; all other messages are lost.
        await system.until("state <> 'running'", len(system.accepted))
        system.start_redis(empty=True)
        await system.all_finished()
        return await audit("redis_restarted_empty", system)


async def redis_flushed(plan: Plan) -> Report:
    """Redis gets FLUSHALL while jobs run."""
    async with cluster(2, plan.seed, plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        async with system.redis() as redis:
            await redis.flushall()
        await system.all_finished()
        return await audit("redis_flushed", system)


async def redis_away_while_submitting(plan: Plan) -> Report:
    """Jobs are accepted while Redis is away, and run when it is back."""
    async with cluster(2, plan.seed, plan.settings) as system:
        await system.submit("noop")
        await system.all_finished()
        system.stop("redis")
        await system.submit("noop again", plan.jobs // 10)
        deferred = await system.count("published_at IS NULL")
        system.start_redis()
        await system.all_finished()
        report = await audit("redis_away_while_submitting", system)
        report.notes["deferred"] = deferred
        return report


async def postgres_restarted(plan: Plan) -> Report:
    """Postgres goes away while jobs run; the front refuses jobs, and workers wait."""
    async with cluster(2, plan.seed, plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        system.stop("postgres")
        await system.submit("refused", 3)
        system.start_postgres()
        await system.submit("noop", 3)
        await system.all_finished()
        return await audit("postgres_restarted", system)


async def delivered_twice(plan: Plan) -> Report:
    """Every message is delivered again, while its job runs and after it has ended."""
    async with cluster(2, plan.seed, plan.settings) as system:
        jobs = await system.submit("slow 0.1", plan.jobs // 4)
        for _ in range(2):
            await _deliver_again(system, [f"{job}:1" for job in jobs])
            await system.all_finished()
        await system.submit("noop")
        await system.all_finished()
        return await audit("delivered_twice", system)


async def _deliver_again(system: Cluster, messages: list[str]) -> None:
    key = queue_key(system.env["QUEUE_NAMESPACE"], Queue.ITEMS)
    async with system.redis() as redis:
        body = b'{"t":null,"f":"run_job","a":[],"k":{},"et":0}'
        for message in messages:
            await redis.set(f"arq:job:{message}", body, ex=600)
            await redis.zadd(key, {message: 1})
