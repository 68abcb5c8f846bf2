"""arq, used to take messages from a queue and for nothing else (see docs on its sharp edges)."""

import asyncio
from typing import Any

from arq import func
from arq.connections import ArqRedis
from arq.worker import Function, Worker

from shared.contracts.features import Queue
from shared.queue import TASK, decode, encode, parse_message_id, queue_key
from worker.execution import Executor

# How often an idle worker asks for work: people wait for items, a receipt takes seconds anyway.
_POLL_DELAY = {Queue.ITEMS: 0.02, Queue.RECEIPTS: 0.1}
# arq retries by itself only what a shutdown or a crash interrupted; the budget for that is ours.
_MAX_TRIES = 1_000_000
# arq reads no further than this, over messages that other workers hold: more than all slots of a
# large fleet, or its end would never be seen.
_READ_LIMIT = 10_000
# How long a job may take to be put back when its worker shuts down, in seconds.
_PUT_BACK = 5


class Dispatcher:
    """Takes messages of one queue and runs their jobs, `slots` at a time."""

    def __init__(
        self,
        redis: ArqRedis,
        executor: Executor,
        *,
        namespace: str,
        queue: Queue,
        slots: int,
        timeout: float,
    ) -> None:
        """`timeout`: an upper bound on a run in seconds, longer than the executor's own."""
        self._executor = executor
        self._queue = queue
        self._worker = Worker(
            [self._function()],
            redis_pool=redis,
            queue_name=queue_key(namespace, queue),
            max_jobs=slots,
            job_timeout=timeout,
            poll_delay=_POLL_DELAY[queue],
            queue_read_limit=_READ_LIMIT,
            max_tries=_MAX_TRIES,
            keep_result=0,
            handle_signals=False,
            log_results=False,
            job_serializer=encode,
            job_deserializer=decode,
        )

    async def run(self) -> None:
        """Poll until cancelled, or until arq's loop dies of an error."""
        await self._worker.async_run()

    async def drain(self, grace: float) -> None:
        """Take no more messages; give running jobs `grace` seconds, then have them put back."""
        self._worker.allow_pick_jobs = False
        await self._wait_for_jobs(grace)
        # Cancel our function and let arq see to its message; cancelling arq's own task could leave
        # that half done, and the message out of reach until its lock expires.
        for job in self._worker.job_tasks.values():
            job.cancel()
        await self._wait_for_jobs(_PUT_BACK)

    async def _wait_for_jobs(self, seconds: float) -> None:
        if running := list(self._worker.tasks.values()):
            await asyncio.wait(running, timeout=seconds)

    def _function(self) -> Function:
        """What arq calls for each message. The message's id says which run of which job it is."""

        async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
            await self._executor.run(*parse_message_id(ctx["job_id"]))

        return func(run, name=TASK)
