"""Messages in Redis, and how the installed version of arq treats them."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from arq import func
from arq.connections import ArqRedis
from arq.worker import Worker

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from shared.wire.messages import (
    HEAD_START,
    TASK,
    NewMessage,
    decode,
    encode,
    parse_message_id,
    queue_key,
)
from shared.wire.messenger import Messenger
from tests.support.fronts import nowhere


def a_message(**different: Any) -> NewMessage:
    """Return the message of a job that is not stored."""
    values: dict[str, Any] = {
        "job_id": uuid4(),
        "dispatch": 1,
        "queue": Queue.ITEMS,
        "priority": 0,
        "queued_at": datetime.now(UTC),
        "trace_carrier": {"traceparent": "00-x"},
        **different,
    }
    return NewMessage(**values)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[ArqRedis]:
    """A client of Redis, to look at the keys that arq keeps."""
    redis = connect_for_polling(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
def key(settings: Settings) -> str:
    """The key of the queue of items."""
    return queue_key(settings.queue_namespace, Queue.ITEMS)


async def test_a_message_is_json_and_holds_ids_only(
    messenger: Messenger, redis: ArqRedis, key: str
) -> None:
    """A message is never pickled, never contains an image, and is named by job and dispatch."""
    message = a_message(dispatch=3)
    await messenger.publish([message])

    body = json.loads(await redis.get(f"arq:job:{message.job_id}:3"))
    waiting = await redis.zrange(key, 0, -1)
    assert (body["f"], body["k"]) == (TASK, {})
    assert body["a"] == [str(message.job_id), message.trace_carrier]
    assert waiting == [message.id.encode()]
    assert parse_message_id(waiting[0].decode()) == message.key


async def test_a_message_is_what_arqs_own_client_sends(
    messenger: Messenger, redis: ArqRedis, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Body, place and expiry are the same to the byte and the millisecond."""
    now = time.time_ns() // 1_000_000
    monkeypatch.setattr("arq.connections.timestamp_ms", lambda: now)
    monkeypatch.setattr("shared.wire.publishing.timestamp_ms", lambda: now)
    message = a_message(priority=3)
    found = []
    for send in (_publish(messenger, message), _enqueue(redis, key, message)):
        await send
        body = f"arq:job:{message.id}"
        plain: Any = redis
        left = await plain.pexpiretime(body)
        found.append([await redis.get(body), await redis.zscore(key, message.id)])
        assert left - now == pytest.approx(86_400_000, abs=10_000)
        assert len(await redis.keys(f"*{message.job_id}*")) == 1
        await redis.delete(body, key)

    assert found[0] == found[1]
    assert found[0][1] == message.score


async def _publish(messenger: Messenger, message: NewMessage) -> None:
    await messenger.publish([message])


async def _enqueue(redis: ArqRedis, key: str, message: NewMessage) -> None:
    await redis.enqueue_job(
        TASK,
        str(message.job_id),
        message.trace_carrier,
        _job_id=message.id,
        _queue_name=key,
        _defer_until=datetime.fromtimestamp(message.score / 1000, UTC),
        _expires=timedelta(days=1),
    )


async def test_an_unmodified_worker_of_arq_runs_what_is_published(
    messenger: Messenger, redis: ArqRedis, key: str
) -> None:
    """The worker gets the arguments, and leaves nothing behind."""
    messages = [a_message() for _ in range(30)]
    await messenger.publish(messages)

    assert sorted(await _drain(redis, key)) == sorted(message.id for message in messages)
    assert await redis.keys(f"arq:*{messages[0].job_id}*") == []


async def test_publishing_again_is_a_no_op(messenger: Messenger, redis: ArqRedis, key: str) -> None:
    """Nothing is sent while the message is there. A new dispatch makes a new message."""
    message = a_message()
    await messenger.publish([message])
    await messenger.publish([message])
    await messenger.publish([replace(message, dispatch=2)])

    assert await redis.zcard(key) == 2


@pytest.mark.parametrize("lost", ["body", "place"])
async def test_half_a_message_is_made_whole(
    messenger: Messenger, redis: ArqRedis, key: str, lost: str
) -> None:
    """Redis lost one of its keys, or somebody deleted it."""
    message = a_message()
    await messenger.publish([message])
    await redis.delete(key if lost == "place" else f"arq:job:{message.id}")

    assert await messenger.publish([message]) == []

    assert await _drain(redis, key) == [message.id]


async def test_a_key_that_holds_something_else_stops_no_other_message(
    messenger: Messenger, redis: ArqRedis, settings: Settings, key: str
) -> None:
    """The message is skipped, and so are those of a queue that is no sorted set."""
    first, foreign, last = a_message(), a_message(), a_message()
    other = a_message(queue=Queue.RECEIPTS)
    plain: Any = redis
    await plain.sadd(f"arq:job:{foreign.id}", "somebody else")
    await redis.set(queue_key(settings.queue_namespace, Queue.RECEIPTS), "no queue")

    assert await messenger.publish([first, foreign, other, last]) == [foreign, other]

    assert sorted(await _drain(redis, key)) == sorted([first.id, last.id])


async def test_any_number_of_messages_take_one_round_trip(
    messenger: Messenger, redis: ArqRedis
) -> None:
    """The script is sent once, when Redis does not have it yet."""
    await redis.script_flush()
    await messenger.publish([a_message()])
    before = await _calls(redis)
    await messenger.publish([a_message() for _ in range(100)])

    calls = await _calls(redis) - before
    # The script calls these. Workers of other tests may call scripts of their own meanwhile.
    assert {name: calls[name] for name in ("set", "zadd", "publish")} == {
        "set": 100, "zadd": 100, "publish": 1,
    }  # fmt: skip
    assert 1 <= calls["evalsha"] < 100


async def _calls(redis: ArqRedis) -> Counter[str]:
    """Return how often clients and scripts called each command."""
    stats = await redis.info("commandstats")
    return Counter(
        {name.removeprefix("cmdstat_"): values["calls"] for name, values in stats.items()}
    )


async def test_publishing_wakes_the_workers_of_each_queue_once(messenger: Messenger) -> None:
    """Workers hear of it when the messages are there."""
    queues = [Queue.ITEMS, Queue.RECEIPTS]
    async with messenger.calls(queues) as calls:
        await messenger.publish([a_message(queue=queue) for queue in queues * 5])
        await messenger.publish_listened([last := uuid4()])

        assert [await anext(calls) for _ in range(3)] == [*queues, [last]]


async def test_urgent_messages_go_first_but_starve_nobody(
    messenger: Messenger, redis: ArqRedis, key: str
) -> None:
    """Priority is a head start in seconds; a message that has waited longer than that is first."""
    now = datetime.now(UTC)
    patient = a_message(queued_at=now - 9 * HEAD_START - timedelta(seconds=1))
    urgent, ordinary = a_message(priority=9, queued_at=now), a_message(queued_at=now)
    await messenger.publish([ordinary, urgent, patient])

    order = [message.id.encode() for message in (patient, urgent, ordinary)]
    assert await redis.zrange(key, 0, -1) == order


@pytest.mark.parametrize("ahead", [-3600, 3600])
async def test_no_clock_keeps_a_message_from_being_taken(
    messenger: Messenger,
    redis: ArqRedis,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
) -> None:
    """The sender's clock is an hour fast or slow, and the worker's is an hour slow."""
    wrong = time.time_ns() // 1_000_000 + ahead * 1000
    monkeypatch.setattr("shared.wire.publishing.timestamp_ms", lambda: wrong)
    await messenger.publish([a_message()])

    slow = time.time_ns() // 1_000_000 - 3_600_000
    assert await redis.zcount(key, "-inf", slow) == 1


@pytest.mark.parametrize("days", [-40_000, 40])
async def test_every_place_is_one_that_arq_takes(
    messenger: Messenger, redis: ArqRedis, key: str, days: int
) -> None:
    """arq takes neither a message whose place is 0 nor one that lies ahead of its clock."""
    message = a_message(queued_at=datetime.now(UTC) + timedelta(days=days))
    await messenger.publish([message])

    assert await _drain(redis, key) == [message.id]


async def test_a_broker_that_is_away_takes_no_message(settings: Settings) -> None:
    """Redis answers nothing, so the caller hears of it."""
    messenger = Messenger(settings.model_copy(update={"redis_url": nowhere("redis")}))
    with pytest.raises(BrokerUnavailable):
        await messenger.publish([a_message()])
    await messenger.close()


async def test_arq_removes_messages_it_cannot_read(
    redis: ArqRedis, key: str, messenger: Messenger
) -> None:
    """A pickled message and one without a body are removed without being run.

    The worker goes on with the next message.
    """
    await redis.set("arq:job:broken:1", b"\x80\x04pickled")
    await redis.zadd(key, {"broken:1": 1, "without-message:1": 2})
    message = a_message()
    await messenger.publish([message])

    assert await _drain(redis, key) == [message.id]
    assert await redis.zcard(key) == 0


async def test_arq_keeps_no_result_that_would_block_a_new_message(
    redis: ArqRedis, key: str, messenger: Messenger
) -> None:
    """With `keep_result=0` the same id can be published again after its message has run."""
    message = a_message()
    for _ in range(2):
        await messenger.publish([message])
        assert await _drain(redis, key) == [message.id]
        assert await redis.keys(f"arq:*{message.job_id}*") == []


async def _drain(redis: ArqRedis, key: str) -> list[str]:
    """Run every message of a queue with a function that does nothing; return the ids."""
    ran: list[str] = []

    async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
        ran.append(ctx["job_id"])

    worker = Worker(
        [func(run, name=TASK)],
        redis_pool=redis,
        queue_name=key,
        burst=True,
        poll_delay=0,
        keep_result=0,
        handle_signals=False,
        job_serializer=encode,
        job_deserializer=decode,
    )
    await worker.async_run()
    return ran
