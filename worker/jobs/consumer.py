"""arq, used to take messages from a queue and for nothing else."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from arq import func
from arq.connections import ArqRedis
from arq.worker import Function, Worker

from shared.contracts.features import Queue
from shared.wire.messages import TASK, decode, encode, parse_message_id, queue_key
from shared.wire.messenger import Messenger
from worker.health.pulse import Pulse, poll_of
from worker.jobs.execution import Executor

# How often an idle worker asks for work that it was not told of; seconds.
_POLL_DELAY = 0.5
# arq retries by itself only what a shutdown or a crash interrupted; the budget for that is ours.
_MAX_TRIES = 1_000_000
# arq reads no further than this, over messages that other workers hold: more than all slots of a
# large fleet, or its end would never be seen.
_READ_LIMIT = 10_000
# arq locks a message for its own time limit and this much more; seconds (arq.worker.Worker).
_LOCK_MARGIN = 10
# How long the last poll may take when a worker shuts down, in seconds.
_LAST_POLL = 2
# How long a job may take to be put back when its worker shuts down, in seconds.
_PUT_BACK = 5


def arq_timeout(limit: float) -> float:
    """arq's time limit of a run whose own limit is `limit` seconds: a backstop, never reached."""
    return limit + 30


def lock_seconds(limit: float) -> float:
    """For how long arq locks the message of a run whose own limit is `limit` seconds."""
    return arq_timeout(limit) + _LOCK_MARGIN


class _Worker(Worker):
    """arq's worker, but for when it looks for messages, and how it stops taking them."""

    def __init__(
        self, functions: Sequence[Function], polled: Callable[[], None], **options: Any
    ) -> None:
        """`polled` is called after every poll."""
        super().__init__(functions, **options)
        self._polled = polled
        self._polling = asyncio.Lock()
        self._woken = asyncio.Event()

    async def main(self) -> None:
        """arq's loop, but for its pauses, which end when there is something to do."""
        self.ctx["redis"] = self.pool
        while True:
            self._woken.clear()
            await self._poll_iteration()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.poll_delay_s):
                    await self._woken.wait()

    def wake(self) -> None:
        """Look for messages now."""
        self._woken.set()

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        # There may be more than there were slots for.
        self.wake()

    async def _poll_iteration(self) -> None:
        async with self._polling:
            await super()._poll_iteration()
        self._polled()

    async def pick_no_more(self) -> None:
        """Return when no message is being taken any more, or when Redis does not answer."""
        self.allow_pick_jobs = False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._polling.acquire(), _LAST_POLL)


class Consumer:
    """Takes messages of one queue and runs their jobs, `slots` at a time."""

    def __init__(
        self,
        redis: ArqRedis,
        executor: Executor,
        messenger: Messenger,
        *,
        queue: Queue,
        slots: int,
        timeout: float,
        pulse: Pulse,
    ) -> None:
        """`timeout`: see `arq_timeout`."""
        self._executor = executor
        self._messenger = messenger
        self._queue = queue
        self._polled = partial(pulse.turned, poll_of(queue))
        self._options: dict[str, Any] = {
            "redis_pool": redis,
            "queue_name": queue_key(messenger.namespace, queue),
            "max_jobs": slots,
            "job_timeout": timeout,
            "poll_delay": _POLL_DELAY,
            "queue_read_limit": _READ_LIMIT,
            "max_tries": _MAX_TRIES,
            "keep_result": 0,
            "handle_signals": False,
            "log_results": False,
            "job_serializer": encode,
            "job_deserializer": decode,
        }
        self._workers: list[_Worker] = []

    async def run(self) -> None:
        """Poll until cancelled, or until arq's loop dies of an error."""
        # A loop that died keeps the slots it had taken; those of a new one are free. Jobs of the
        # old one go on.
        self._workers = [worker for worker in self._workers if worker.tasks]
        self._workers.append(_Worker([self._function()], self._polled, **self._options))
        await self._workers[-1].async_run()

    async def listen(self) -> None:
        """Look for messages as soon as one is published, for as long as the subscription lives.
        Raises BrokerUnavailable."""
        async with self._messenger.publications(self._queue) as published:
            self._wake()
            async for _ in published:
                self._wake()

    def _wake(self) -> None:
        for worker in self._workers:
            worker.wake()

    async def drain(self, grace: float) -> None:
        """Take no more messages; give running jobs `grace` seconds, then have them put back."""
        await asyncio.gather(*(worker.pick_no_more() for worker in self._workers))
        await self._wait_for_jobs(grace)
        # Cancel our function and let arq see to its message; cancelling arq's own task could leave
        # that half done, and the message out of reach until its lock expires.
        for worker in self._workers:
            for job in worker.job_tasks.values():
                job.cancel()
        await self._wait_for_jobs(_PUT_BACK)

    async def _wait_for_jobs(self, seconds: float) -> None:
        running = [task for worker in self._workers for task in worker.tasks.values()]
        if running:
            await asyncio.wait(running, timeout=seconds)

    def _function(self) -> Function:
        """What arq calls for each message. The message's id says which run of which job it is."""

        async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
            await self._executor.run(*parse_message_id(ctx["job_id"]))

        return func(run, name=TASK)
