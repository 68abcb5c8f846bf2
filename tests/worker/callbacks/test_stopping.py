"""A worker that stops leaves the deliveries it has claimed to other workers at once."""

import asyncio
from ssl import create_default_context

from opentelemetry.trace import NoOpTracer
from sqlalchemy import event
from sqlalchemy.orm import Session as OrmSession

from shared.callback_urls import CallbackHosts
from shared.store.callbacks.deliveries import Room, claim_due
from shared.store.postgres.database import Database
from tests.support.callback_rows import add_job, asked, end
from tests.support.callbacks import SECRETS
from tests.support.scripted_server import scripted
from worker.callbacks.delivering import Deliveries, Timing
from worker.callbacks.network import SystemResolver
from worker.callbacks.requests import Signer
from worker.callbacks.sending import Sender
from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.signals import Telemetry
from worker.telemetry.state import WorkerState


async def test_a_claim_that_is_interrupted_does_not_last(database: Database) -> None:
    """The worker stops when Postgres has committed the claim, and before it knows that."""
    woken = asyncio.Event()
    woken.set()
    state = WorkerState(id="w", version="0", queues=[], slots={}, components={})
    resolve = SystemResolver().resolve
    deliveries = Deliveries(
        database,
        Sender(CallbackHosts(["http://127.0.0.1"]), resolve, create_default_context(), 10),
        Signer(SECRETS),
        Telemetry(JobTracing(NoOpTracer()), WorkerMetrics(state)),
        woken,
        Timing(claim=30, first_pause=5, interval=10),
    )
    async with scripted("silence") as receiver:
        await end(database, await add_job(database, asked(receiver.url, host="127.0.0.1")))
        step = asyncio.create_task(deliveries.step())

        def stop(_session: OrmSession) -> None:
            step.cancel()

        event.listen(OrmSession, "after_commit", stop)
        try:
            await asyncio.wait([step])
        finally:
            event.remove(OrmSession, "after_commit", stop)
        assert step.cancelled()
        await deliveries.drain(grace=0)

    async with database.transaction() as session:
        (claimed,) = await claim_due(session, Room(slots=1, per_host=1), 30)
    assert claimed.attempts == 2
