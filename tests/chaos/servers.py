"""Scenarios that break servers, and what they hold: Redis, its messages, Postgres."""

from shared.contracts.features import Queue
from shared.wire.messages import queue_key
from tests.chaos.audit import Report, audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan


async def redis_restarted_empty(plan: Plan) -> Report:
    """Redis dies in the middle and comes back with nothing."""
    async with cluster(2, plan.seed, **plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        system.stop("redis")
        # What workers hold ends without it; all the rest is forgotten.
        await system.until("state <> 'running'", len(system.accepted))
        system.start_redis(empty=True)
        await system.all_finished()
        return await audit("redis_restarted_empty", system)


async def redis_flushed(plan: Plan) -> Report:
    """FLUSHALL in the middle."""
    async with cluster(2, plan.seed, **plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        async with system.redis() as redis:
            await redis.flushall()
        await system.all_finished()
        return await audit("redis_flushed", system)


async def redis_away_while_submitting(plan: Plan) -> Report:
    """Jobs are accepted without Redis, and run when it is back."""
    async with cluster(2, plan.seed, **plan.settings) as system:
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
    """Postgres goes away in the middle; the front refuses meanwhile, workers wait."""
    async with cluster(2, plan.seed, **plan.settings) as system:
        await system.submit("slow 0.2", plan.jobs // 2)
        await system.until("state = 'succeeded'", 5)
        system.stop("postgres")
        await system.submit("refused", 3)
        system.start_postgres()
        await system.submit("noop", 3)
        await system.all_finished()
        return await audit("postgres_restarted", system)


async def delivered_twice(plan: Plan) -> Report:
    """Every message comes again, while its job runs and after it has ended."""
    async with cluster(2, plan.seed, **plan.settings) as system:
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
