"""Scenarios in which Redis is there and does not do what it should, while callers go on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from shared.contracts.features import Queue
from shared.local.processes import free_port
from shared.wire.messages import message_id, queue_key
from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report

# Few, so that a worker that runs more at once is seen to.
SLOTS = {"ITEM_SLOTS": "4"}
# Seconds for which callers go on between and after what is broken.
CALM = 1.0


async def redis_stopped(plan: Plan) -> Report:
    """Redis hangs: it accepts connections and answers nothing."""

    @asynccontextmanager
    async def frozen(system: Cluster) -> AsyncIterator[None]:
        with system.frozen("redis"):
            yield

    return await _troubled("redis_stopped", plan, frozen)


async def redis_read_only(plan: Plan) -> Report:
    """Redis becomes a replica, as after a failover, and refuses to write."""

    @asynccontextmanager
    async def replica(system: Cluster) -> AsyncIterator[None]:
        async with system.redis() as redis:
            await redis.replicaof("127.0.0.1", free_port())
            yield
            await redis.replicaof("NO", "ONE")

    return await _troubled("redis_read_only", plan, replica)


async def redis_out_of_memory(plan: Plan) -> Report:
    """Redis has no memory left, and refuses whatever would need more."""

    @asynccontextmanager
    async def full(system: Cluster) -> AsyncIterator[None]:
        async with system.redis() as redis:
            await redis.config_set("maxmemory", 1)
            yield
            await redis.config_set("maxmemory", 0)

    return await _troubled("redis_out_of_memory", plan, full)


async def redis_flapping(plan: Plan) -> Report:
    """Redis is killed and started again every second or so."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}) as system:
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            for _ in range(2 + plan.kills):
                await asyncio.to_thread(system.kill, "redis")
                await asyncio.sleep(system.rng.uniform(0.1, 0.8))
                await asyncio.to_thread(system.start_redis)
                await asyncio.sleep(system.rng.uniform(0.3, 1.5))
        await system.all_finished()
        report = await audit("redis_flapping", system)
        report.notes["flaps"] = 2 + plan.kills
        return report


async def redis_foreign_keys(plan: Plan) -> Report:
    """Another program writes under our keys: other types, half messages, bytes that are no text."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}) as system:
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            await _write_over_queue(system)
            await _write_under_messages(system)
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await audit("redis_foreign_keys", system)


async def _write_over_queue(system: Cluster) -> None:
    """Put what is no message into the queue, and then what is no queue in its place."""
    key = queue_key(system.env["QUEUE_NAMESPACE"], Queue.ITEMS)
    async with system.redis() as redis:
        await redis.zadd(key, {b"\xff\xfe no text": 1})
        await redis.zadd(key, {"no message": 2})
        await asyncio.sleep(CALM)
        await redis.set(key, "no queue")
        await asyncio.sleep(CALM)
        pipeline = redis.pipeline()
        pipeline.delete(key)
        pipeline.rpush(key, "no queue")
        await pipeline.execute()
        await asyncio.sleep(CALM)


async def _write_under_messages(system: Cluster) -> None:
    """Put other things under the keys of messages that have yet to be published."""
    async with system.redis() as redis:
        await redis.replicaof("127.0.0.1", free_port())
        first, second, third = await system.submit("noop", 3)
        await redis.replicaof("NO", "ONE")
        pipeline = redis.pipeline()
        pipeline.delete(*(f"arq:job:{message_id(job, 1)}" for job in (first, second, third)))
        pipeline.rpush(f"arq:job:{message_id(first, 1)}", "no message")
        pipeline.set(f"arq:job:{message_id(second, 1)}", b"\xff half a mess")
        pipeline.hset(f"arq:job:{message_id(third, 1)}", "no", "message")
        await pipeline.execute()


Trouble = Callable[[Cluster], AbstractAsyncContextManager[None]]


async def _troubled(scenario: str, plan: Plan, trouble: Trouble) -> Report:
    """Let callers go on before, during and after some trouble with Redis."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}) as system:
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            async with trouble(system):
                await asyncio.sleep(plan.trouble)
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await audit(scenario, system)
