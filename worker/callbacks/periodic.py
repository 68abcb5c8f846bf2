"""Runs the delivery of callbacks beside the other parts of a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore

from shared.callback_urls import CallbackHosts
from shared.process.background import repeating
from shared.settings import Settings
from shared.store.postgres.database import Database
from worker.callbacks.delivering import Deliveries, Timing
from worker.callbacks.network import SystemResolver
from worker.callbacks.requests import Signer
from worker.callbacks.sending import Sender
from worker.telemetry.signals import Telemetry

# Seconds between two claims at least, so that jobs which end together share one.
_GAP = 0.05
# A claim lasts this many times as long as a request may take.
_CLAIM = 3
# Seconds that requests under way have to end when the worker stops.
_LAST_ANSWERS = 2.0


@asynccontextmanager
async def delivering_callbacks(
    settings: Settings, database: Database, telemetry: Telemetry, ended: asyncio.Event
) -> AsyncIterator[None]:
    """Deliver callbacks while the block runs; without CALLBACK_HOSTS, do nothing.

    The event is set when a job has ended in this worker. Other callbacks are found within
    RECONCILE_INTERVAL.
    """
    if not settings.callback_hosts:
        yield
        return
    hosts = CallbackHosts(settings.callback_hosts)
    sender = Sender(
        hosts, SystemResolver().resolve, httpcore.default_ssl_context(), settings.callback_timeout
    )
    deliveries = Deliveries(
        database,
        sender,
        Signer([secret.get_secret_value() for secret in settings.callback_secrets]),
        telemetry,
        ended,
        Timing(
            claim=_CLAIM * settings.callback_timeout,
            first_pause=settings.callback_retry_pause,
            interval=settings.reconcile_interval,
        ),
    )
    try:
        async with repeating("callbacks", deliveries.step, pause=_GAP):
            yield
    finally:
        await deliveries.drain(min(settings.shutdown_grace, _LAST_ANSWERS))
