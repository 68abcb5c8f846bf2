"""Messages are taken many at a time, and so that workers of arq and ours respect each other."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from arq import func
from arq.connections import ArqRedis
from arq.worker import Worker
from pydantic import SecretStr

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from shared.wire.messages import TASK, Message, decode, encode, queue_key
from shared.wire.messenger import Messenger
from shared.wire.taking import Intake
from tests.support.fronts import nowhere
from tests.support.processes.wire import wired
from tests.support.waiting import wait_until

LOCK = 60.0


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[ArqRedis]:
    """arq's own client, which sends messages and shows the keys."""
    redis = connect_for_polling(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Intake]:
    """What takes messages in a worker of ours."""
    intake = Intake(settings)
    yield intake
    await intake.close()


@pytest.fixture
def key(settings: Settings) -> str:
    """Redis key of the items queue."""
    return queue_key(settings.queue_namespace, Queue.ITEMS)


async def enqueue(redis: ArqRedis, key: str, count: int = 1, **options: Any) -> list[Message]:
    """Send messages with arq's client, due since a moment ago.

    It rounds the time to the next millisecond, which Redis may not have reached yet.
    """
    due = {"_defer_by": timedelta(milliseconds=-10), **options}
    sent = [Message(Queue.ITEMS, uuid4(), 1) for _ in range(count)]
    for message in sent:
        await redis.enqueue_job(TASK, _job_id=message.id, _queue_name=key, **due)
    return sent


async def test_as_many_as_are_free_are_taken_in_order(
    intake: Intake, redis: ArqRedis, key: str
) -> None:
    """The others stay for whoever is free next. Nobody takes a message that is locked."""
    sent = await enqueue(redis, key, 30)
    # Equal times have no order of their own.
    await redis.zadd(key, {message.id: number + 1 for number, message in enumerate(sent)})
    first = await intake.take(Queue.ITEMS, 20, LOCK)
    rest = await intake.take(Queue.ITEMS, 20, LOCK)
    none = await intake.take(Queue.ITEMS, 20, LOCK)

    assert first.messages == sent[:20]
    assert rest.messages == sent[20:]
    assert none.count == 0


async def test_the_keys_are_those_of_arq(intake: Intake, redis: ArqRedis, key: str) -> None:
    """The lock has our time, and the tries are counted as arq counts them."""
    (message,) = await enqueue(redis, key)
    await intake.take(Queue.ITEMS, 1, LOCK)

    lock, tries = f"arq:in-progress:{message.id}", f"arq:retry:{message.id}"
    assert await redis.get(tries) == b"1"
    assert LOCK * 1000 - 10_000 < await redis.pttl(lock) <= LOCK * 1000
    assert 88_390 < await redis.ttl(tries) <= 88_400


async def test_nothing_is_left_of_a_message_that_is_done(
    intake: Intake, redis: ArqRedis, key: str, messenger: Messenger
) -> None:
    """A message that is left to others keeps its place and its body, and can be taken at once."""
    done, left = await enqueue(redis, key, 2)
    await intake.take(Queue.ITEMS, 2, LOCK)
    await messenger.report([], done=[done], left=[left])
    again = await intake.take(Queue.ITEMS, 2, LOCK)

    assert await redis.keys(f"arq:*{done.job_id}*") == []
    assert again.messages == [left]
    assert await redis.zrange(key, 0, -1) == [left.id.encode()]


async def test_a_message_is_not_taken_before_its_time(
    intake: Intake, redis: ArqRedis, key: str
) -> None:
    """arq's client can defer a message."""
    await enqueue(redis, key, _defer_by=timedelta(minutes=1))

    assert (await intake.take(Queue.ITEMS, 1, LOCK)).count == 0


async def test_what_nobody_can_run_is_removed(intake: Intake, redis: ArqRedis, key: str) -> None:
    """Nothing behind it is held up, whatever type its keys have."""
    broken = {
        b"no id of ours:1": b"{}",
        b"\xff\xfe:1": encode({"f": TASK, "a": [], "k": {}, "t": None, "et": 0}),
        f"{uuid4()}:1".encode(): b"\x80\x04pickled",
        f"{uuid4()}:2".encode(): encode({"f": "another", "a": [], "k": {}, "t": None, "et": 0}),
        f"{uuid4()}:3".encode(): encode({"f": TASK}),
    }
    for name, body in broken.items():
        await redis.set(b"arq:job:" + name, body)
    listed, bodiless = f"{uuid4()}:4".encode(), f"{uuid4()}:5".encode()
    raw: Any = redis
    await raw.execute_command("HSET", b"arq:job:" + listed, "no", "text")
    await raw.execute_command("HSET", b"arq:retry:" + listed, "no", "number")
    names = [*broken, listed, bodiless]
    for name in names:
        await raw.execute_command("ZADD", key, 1, name)
    (message,) = await enqueue(redis, key)
    taken = await intake.take(Queue.ITEMS, 20, LOCK)

    assert taken.messages == [message]
    assert len(taken.unreadable) == len(names)
    assert await redis.zrange(key, 0, -1) == [message.id.encode()]
    kinds = (b"arq:job:", b"arq:in-progress:", b"arq:retry:")
    assert await redis.exists(*(kind + name for name in names for kind in kinds)) == 0


async def test_messages_behind_many_locked_ones_are_found(
    intake: Intake, redis: ArqRedis, key: str
) -> None:
    """A large fleet holds more messages than one look shows."""
    await enqueue(redis, key, 70)
    await intake.take(Queue.ITEMS, 70, LOCK)
    (message,) = await enqueue(redis, key)

    assert (await intake.take(Queue.ITEMS, 1, LOCK)).messages == [message]


async def test_a_queue_that_is_no_queue_is_an_error_of_redis(
    intake: Intake, redis: ArqRedis, key: str
) -> None:
    """The loop that takes messages goes on, as it does while Redis is away."""
    await redis.set(key, "no sorted set")
    with pytest.raises(BrokerUnavailable):
        await intake.take(Queue.ITEMS, 1, LOCK)


async def test_redis_may_be_away(settings: Settings) -> None:
    intake = Intake(settings.model_copy(update={"redis_url": nowhere("redis")}))
    with pytest.raises(BrokerUnavailable):
        await intake.take(Queue.ITEMS, 1, LOCK)
    await intake.close()


async def test_a_worker_of_arq_and_ours_never_run_a_message_at_once(
    intake: Intake, redis: ArqRedis, key: str, messenger: Messenger
) -> None:
    """Both serve a queue and hold their messages while the other takes more. A message that ends is
    not run by the other either."""
    sent = await enqueue(redis, key, 60)
    running: set[str] = set()
    ran: list[str] = []
    twice: list[str] = []

    def begin(name: str) -> None:
        # What a job raises ends in arq's log, so an assertion here would not fail the test.
        if name in running:
            twice.append(name)
        running.add(name)
        ran.append(name)

    async def run(ctx: dict[Any, Any], *_args: Any) -> None:
        begin(ctx["job_id"])
        await intake.take(Queue.RECEIPTS, 1, LOCK)
        running.discard(ctx["job_id"])

    theirs = Worker(
        [func(run, name=TASK)],
        redis_pool=redis,
        queue_name=key,
        burst=True,
        poll_delay=0,
        max_jobs=3,
        keep_result=0,
        handle_signals=False,
        job_serializer=encode,
        job_deserializer=decode,
    )
    other = asyncio.create_task(theirs.async_run())
    until = time.monotonic() + 20
    while await redis.zcard(key) and time.monotonic() < until:
        mine = (await intake.take(Queue.ITEMS, 3, LOCK)).messages
        for message in mine:
            begin(message.id)
        # The other worker looks into the queue meanwhile.
        for _ in range(5):
            await redis.ping()
        running.difference_update(message.id for message in mine)
        await messenger.report([], done=mine)
    await other

    assert twice == []
    assert sorted(ran) == sorted(message.id for message in sent)


async def test_a_trip_whose_answer_was_lost_is_made_again(
    settings: Settings, redis: ArqRedis, key: str
) -> None:
    """A worker keeps no more messages from all others than it has slots."""
    async with wired(settings.redis_url.get_secret_value(), 6379) as (wire, url):
        intake = Intake(settings.model_copy(update={"redis_url": SecretStr(url)}))
        # It connects before its connection becomes slow.
        assert (await intake.take(Queue.ITEMS, 2, LOCK)).count == 0
        sent = await enqueue(redis, key, 3)
        wire.delay = 0.3
        taking = asyncio.create_task(intake.take(Queue.ITEMS, 2, LOCK))
        await wait_until(lambda: _locked(redis, sent), "the messages were locked")
        await wire.sever()
        wire.delay = 0
        taken = await taking
        await intake.close()

    assert len(taken.messages) == 2
    assert {each.key for each in taken.messages} <= {each.key for each in sent}
    assert await _locked(redis, sent)


async def _locked(redis: ArqRedis, sent: list[Message]) -> bool:
    """Return whether two of the messages are locked, whichever came first at the same time."""
    locked = [await redis.exists(f"arq:in-progress:{message.id}") for message in sent]
    return locked.count(1) == 2
