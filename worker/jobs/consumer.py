"""Takes messages from one queue with arq, which is used for nothing else."""

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
from worker.health.pulse import Pulse, poll_of
from worker.jobs.execution import Executor

# Seconds between the polls of an idle worker, for messages whose publication it did not hear of.
_POLL_DELAY = 0.5
# arq itself retries only what a shutdown or a crash interrupted, and we keep the budget for that.
_MAX_TRIES = 1_000_000
# arq reads this many messages in each poll, including those that other workers hold. It has to
# exceed the slots of a large fleet, or messages behind those would never be read.
_READ_LIMIT = 10_000
# Seconds for which arq locks a message beyond its own time limit (arq.worker.Worker).
_LOCK_MARGIN = 10
# Seconds that the last poll may take when a worker shuts down.
_LAST_POLL = 2
# Seconds that releasing the running jobs may take when a worker shuts down.
_RELEASE = 3


def arq_timeout(limit: float) -> float:
    """Return arq's time limit for a run that we stop after `limit` seconds: a backstop, which is
    never reached."""
    return limit + 30


def lock_seconds(limit: float) -> float:
    """Return for how many seconds arq locks the message of a run that we stop after `limit`."""
    return arq_timeout(limit) + _LOCK_MARGIN


class _Worker(Worker):
    """arq's worker, which can also be woken between polls, and stopped before it takes more."""

    def __init__(
        self, functions: Sequence[Function], polled: Callable[[], None], **options: Any
    ) -> None:
        """`polled` is called after every poll."""
        super().__init__(functions, **options)
        self._polled = polled
        self._polling = asyncio.Lock()
        self._woken = asyncio.Event()

    async def main(self) -> None:
        """Poll as arq does, but end a pause as soon as there is something to do."""
        self.ctx["redis"] = self.pool
        while True:
            self._woken.clear()
            await self._poll_iteration()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.poll_delay_s):
                    await self._woken.wait()

    def wake(self) -> None:
        """Poll now instead of after the current pause."""
        self._woken.set()

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        # More messages may be waiting than there were free slots.
        self.wake()

    async def _poll_iteration(self) -> None:
        async with self._polling:
            await super()._poll_iteration()
        self._polled()

    async def stop_picking(self) -> None:
        """Take no more messages; return once the current poll has ended, or after `_LAST_POLL`
        seconds if Redis does not answer."""
        self.allow_pick_jobs = False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._polling.acquire(), _LAST_POLL)


class Consumer:
    """Takes the messages of one queue and runs their jobs, `slots` at a time."""

    def __init__(
        self,
        redis: ArqRedis,
        executor: Executor,
        *,
        namespace: str,
        queue: Queue,
        slots: int,
        timeout: float,
        pulse: Pulse,
    ) -> None:
        """`timeout` is arq's limit of a run in seconds: see `arq_timeout`."""
        self._executor = executor
        self._polled = partial(pulse.turned, poll_of(queue))
        self._options: dict[str, Any] = {
            "redis_pool": redis,
            "queue_name": queue_key(namespace, queue),
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
        """Poll until cancelled, or until an error ends arq's loop."""
        # A loop that died never frees its slots, so a new one takes its place. The jobs of the old
        # one go on, and `drain` has to wait for them.
        self._workers = [worker for worker in self._workers if worker.tasks]
        self._workers.append(_Worker([self._function()], self._polled, **self._options))
        await self._workers[-1].async_run()

    def wake(self) -> None:
        """Poll now, since a message may have been published."""
        for worker in self._workers:
            worker.wake()

    async def drain(self, grace: float) -> None:
        """Take no more messages; give running jobs `grace` seconds, then release them."""
        await asyncio.gather(*(worker.stop_picking() for worker in self._workers))
        await self._wait_for_jobs(grace)
        # Cancel our function and let arq clean up after it. Cancelling arq's own task could
        # interrupt that, and nobody could take the message until its lock expires.
        for worker in self._workers:
            for job in worker.job_tasks.values():
                job.cancel()
        await self._wait_for_jobs(_RELEASE)

    async def _wait_for_jobs(self, seconds: float) -> None:
        running = [task for worker in self._workers for task in worker.tasks.values()]
        if running:
            await asyncio.wait(running, timeout=seconds)

    def _function(self) -> Function:
        """Return the function that arq calls for each message, whose id names job and dispatch."""

        async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
            await self._executor.run(*parse_message_id(ctx["job_id"]))

        return func(run, name=TASK)
