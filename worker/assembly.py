"""Builds the parts of one worker, runs them, and closes them in reverse order."""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import structlog

from shared.contracts.features import Feature
from shared.dependencies import ask_dependencies, check_dependencies, connected
from shared.errors import EngineUnavailable
from shared.process.background import repeating
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens
from shared.store.images.keeping import Images, opened_images
from shared.store.postgres.database import Database
from shared.telemetry.tracing import traced
from shared.version import SERVICE, service_version
from shared.wire.messenger import Messenger
from worker.callbacks.periodic import delivering_callbacks
from worker.features.components import Loader, expected_components, load_features, settle
from worker.features.runners import Run
from worker.health.probes import Probes, serving
from worker.health.pulse import HEARTBEAT, Pulse
from worker.jobs.cancellations import Cancellations
from worker.jobs.claiming import Claiming
from worker.jobs.consumer import Observed
from worker.jobs.execution import Executor, Limits
from worker.jobs.heartbeat import Heartbeat
from worker.jobs.pauses import Pauses
from worker.jobs.persistence import until_database_answers
from worker.jobs.queues import serving_queues
from worker.jobs.reports import Reports
from worker.jobs.running_jobs import RunningJobs
from worker.jobs.storing import Storing
from worker.reconciliation.periodic import repairing
from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.signals import Telemetry
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

# Seconds between two looks for cancelled jobs; short, because people wait for a cancellation.
_CANCEL_INTERVAL = 0.5
# Seconds after which a heartbeat that failed is tried again; short, so that after an outage of
# Postgres every worker renews its leases before anybody may rescue its jobs.
_BEAT_AGAIN = 1.0


@asynccontextmanager
async def worker(settings: Settings, load: Loader | None = None) -> AsyncIterator[WorkerState]:
    """Serve the queues of WORKER_QUEUES while the block runs, and drain at its end.

    `load` returns the runners of the features; the default is FEATURE_LOADER, or else
    `load_features`. Raises PortTaken, DependencyMissing, EngineUnavailable.
    """
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(_parts(settings))
        # The port is watched from the start, and loading the models may take minutes.
        parts.state.url = await stack.enter_async_context(_probes(parts))
        await _check_dependencies(parts)
        heartbeat = await stack.enter_async_context(_beating(parts))
        runners = await _load(parts, load, stack)
        await until_database_answers(heartbeat.beat)
        await stack.enter_async_context(_cancelling(parts))
        await stack.enter_async_context(
            repairing(
                settings,
                parts.database,
                parts.messenger,
                parts.telemetry,
                parts.reports,
                parts.images,
            )
        )
        await stack.enter_async_context(
            delivering_callbacks(settings, parts.database, parts.telemetry, parts.running.ended)
        )
        await stack.enter_async_context(_serving(parts, runners))
        await stack.enter_async_context(_ready(parts.state))
        yield parts.state


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """The parts of a worker that most others depend on."""

    settings: Settings
    state: WorkerState
    database: Database
    messenger: Messenger
    images: Images
    tokens: KnownTokens
    telemetry: Telemetry
    pulse: Pulse
    running: RunningJobs
    pauses: Pauses
    reports: Reports


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[_Parts]:
    state = _new_state(settings)
    async with (
        traced(settings, f"{SERVICE}-worker") as tracing,
        # Another worker may have taken the job over by the time a longer transaction commits.
        connected(
            settings, process="worker", tracing=tracing, transaction_limit=settings.lease
        ) as (database, messenger),
        opened_images(settings) as images,
    ):
        metrics = WorkerMetrics(state)
        database.measure_with(metrics.registry)
        tokens = KnownTokens(database, settings.bootstrap_token_hash)
        async with tokens.running():
            yield _Parts(
                settings=settings,
                state=state,
                database=database,
                messenger=messenger,
                images=images,
                tokens=tokens,
                telemetry=Telemetry(JobTracing(tracing.tracer), metrics),
                # After two leases without a heartbeat, other workers have long rescued its jobs.
                pulse=Pulse(stalled_after=2 * (settings.lease + settings.heartbeat)),
                running=RunningJobs(),
                pauses=Pauses(database, state.id),
                reports=Reports(messenger),
            )


def _new_state(settings: Settings) -> WorkerState:
    return WorkerState(
        id=f"{socket.gethostname()}:{os.getpid()}:{uuid4()}",
        version=service_version(),
        queues=list(settings.worker_queues),
        slots={queue: settings.slots[queue] for queue in settings.worker_queues},
        components=expected_components(settings.worker_queues),
    )


def _probes(parts: _Parts) -> AbstractAsyncContextManager[str]:
    probes = Probes(
        partial(ask_dependencies, parts.database, parts.messenger, parts.images),
        parts.state,
        parts.pulse,
        parts.telemetry.metrics,
        parts.settings,
        parts.tokens,
    )
    return serving(probes.app(), parts.settings.host, parts.settings.worker_port)


async def _check_dependencies(parts: _Parts) -> None:
    required = parts.settings.require_dependencies
    await check_dependencies(parts.database, parts.messenger, parts.images, required=required)


@asynccontextmanager
async def _beating(parts: _Parts) -> AsyncIterator[Heartbeat]:
    heartbeat = Heartbeat(
        parts.database,
        parts.state,
        parts.running,
        parts.pauses,
        parts.telemetry.metrics,
        parts.settings.leases,
    )
    parts.pulse.turned(HEARTBEAT)
    beat = parts.pulse.heartbeat(heartbeat.beat)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(heartbeat.end)
        await stack.enter_async_context(
            repeating(
                "heartbeat",
                beat,
                pause=parts.settings.heartbeat,
                pause_after_failure=min(_BEAT_AGAIN, parts.settings.heartbeat),
            )
        )
        yield heartbeat


async def _load(parts: _Parts, load: Loader | None, stack: AsyncExitStack) -> Mapping[Feature, Run]:
    """Load the components, and return the runner of each feature.

    Raises EngineUnavailable if a component is missing and REQUIRE_DEPENDENCIES is set.
    """
    settings, state = parts.settings, parts.state
    loader = load or settings.feature_loader or load_features
    runners: Mapping[Feature, Run] = await loader(settings, state, stack)
    settle(state.components)
    for report in state.components.values():
        if report.status == "unavailable" and settings.require_dependencies:
            raise EngineUnavailable(report.error)
    return runners


def _serving(parts: _Parts, runners: Mapping[Feature, Run]) -> AbstractAsyncContextManager[None]:
    settings = parts.settings
    claiming = Claiming(
        parts.database,
        parts.running,
        parts.reports,
        worker_id=parts.state.id,
        lease=settings.lease,
    )
    executor = Executor(
        storing=Storing(parts.database, parts.state.id),
        images=parts.images,
        runners=runners,
        running=parts.running,
        telemetry=parts.telemetry,
        reports=parts.reports,
        limits=Limits(retry_pause=settings.retry_pause, timeouts=settings.timeouts),
    )
    observed = Observed(parts.telemetry.metrics.jobs, parts.pulse)
    return serving_queues(
        settings, claiming, executor, parts.messenger, parts.reports, parts.pauses, observed
    )


def _cancelling(parts: _Parts) -> AbstractAsyncContextManager[None]:
    cancellations = Cancellations(parts.database, parts.running, parts.state.id)
    return repeating("cancellations", cancellations.look, pause=_CANCEL_INTERVAL)


@asynccontextmanager
async def _ready(state: WorkerState) -> AsyncIterator[None]:
    state.phase = "ready"
    loaded = {
        component.value: report.model or report.status
        for component, report in state.components.items()
    }
    queues = [queue.value for queue in state.queues]
    log.info("worker.ready", worker_id=state.id, queues=queues, components=loaded)
    try:
        yield
    finally:
        state.phase = "draining"
