"""The front as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from api.access.authentication import Authentication, warn_if_exposed
from api.access.cross_origin import install_cross_origin
from api.access.rate_limits import TokenLimit, counting, counting_logins
from api.admission import Admission
from api.backpressure.calls import CallLimit
from api.bulk.runner import BulkRunner
from api.console.install import install_console
from api.console.recent import Recent
from api.console.sampling import sampling
from api.debugging.tidewave import install_tidewave
from api.draining import Drain
from api.errors import install_error_handlers
from api.front import Front
from api.health import probes
from api.metrics.front import FrontMetrics
from api.metrics.requests import MeasuredRequests
from api.openapi.document import DescribedApplication
from api.openapi.info import INFO, operation_id
from api.openapi.reference import install_reference
from api.requests.body import LARGEST_TEXT, LargeBodies
from api.requests.context import RequestContext
from api.requests.unknown_fields import check_unknown_fields
from api.requests.untraced import UntracedRequests, is_untraced
from api.routes import (
    batches,
    callbacks,
    categories,
    embeddings,
    events,
    images,
    interventions,
    jobs,
    operations,
    receipts,
    schemas,
)
from api.routes.operators import queues, workers
from api.routes.quick_reads import QuickJobRoute
from api.routes.search import bulk_operations, failures
from api.shown_images import ShownImages
from api.submission.acceptance import Acceptance
from api.submission.submissions import Submissions
from api.telling.reading import JobReads
from api.telling.waiting import Waiters
from shared.access.security_headers import SecurityHeaders
from shared.dependencies import check_dependencies, connected
from shared.serving.limits import connections_at_most
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens
from shared.store.images.keeping import opened_images
from shared.telemetry.log_export import exported_logs
from shared.telemetry.tracing import Tracing
from shared.version import SERVICE, service_version
from shared.wire.broker import Broker

# Pages that we have ourselves, and redirects, which would go to whatever host the caller names.
_WITHOUT: dict[str, Any] = {"docs_url": None, "redoc_url": None, "redirect_slashes": False}


def create_app(settings: Settings) -> FastAPI:
    """Build the application. It connects to Postgres and Redis only when it starts."""
    tracing = Tracing(settings, SERVICE)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with exported_logs(settings, SERVICE):
            try:
                async with running_front(settings, tracing) as front:
                    app.state.front = front
                    front.metrics.requests.expect(app.routes)
                    yield
            finally:
                await tracing.close()

    app = DescribedApplication(
        **INFO,
        version=service_version(),
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        **_WITHOUT,
        telemetry=_telemetry(tracing),
    )
    _add_middleware(app, settings, tracing)
    # Before the route of the same path, which takes what this one leaves.
    app.router.routes.append(QuickJobRoute())
    # The path of a batch comes before that of a job, which would take it for an id.
    found = (bulk_operations, failures)
    operating = (callbacks, queues, workers, operations)
    work = (batches, *found, jobs, events, images, interventions, *operating)
    waiting = (receipts, categories, embeddings)
    with_images = (jobs, receipts)
    for module in (*work, *waiting, schemas, probes):
        app.include_router(
            module.router,
            dependencies=[Depends(check_unknown_fields)],
            # A limit on the application itself would be enforced outside our middleware, in plain
            # text. Routers may have a lower one.
            max_body_size=_largest_body(settings) if module in with_images else LARGEST_TEXT,
        )
    install_reference(app)
    if settings.console:
        install_console(app, largest_text=LARGEST_TEXT, largest_body=_largest_body(settings))
    if settings.debug and settings.tidewave_enabled:
        install_tidewave(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings, tracing: Tracing) -> None:
    """Add what every request passes through, from the inside out."""
    # These run once it is known who calls.
    app.add_middleware(CallLimit, connections=connections_at_most(settings.max_connections))
    if settings.rate_limit_token:
        app.add_middleware(TokenLimit)
    # Before anything reads a body, and within what makes problem documents of errors.
    app.add_middleware(Authentication, settings=settings)
    install_error_handlers(app)
    if settings.cors_origins:
        install_cross_origin(app, settings)
    app.add_middleware(RequestContext)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(MeasuredRequests)
    app.add_middleware(UntracedRequests, exporting=tracing.exporting)


def _telemetry(tracing: Tracing) -> TelemetryConfig:
    return {
        "tracer_provider": tracing.provider,
        # Otherwise UntracedRequests makes the ids.
        "tracing": tracing.exporting,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "exclude": is_untraced,
    }


def _largest_body(settings: Settings) -> int:
    """Return the bytes of the largest body with an image."""
    return settings.max_image_bytes * 4 // 3 + LARGEST_TEXT


@asynccontextmanager
async def running_front(settings: Settings, tracing: Tracing) -> AsyncIterator[Front]:
    """Open the parts of a front in order, and close them in reverse order."""
    warn_if_exposed(settings)
    async with AsyncExitStack() as stack:
        database, messenger = await stack.enter_async_context(
            connected(
                settings,
                process="api",
                tracing=tracing,
                transaction_limit=settings.database_patience,
                server_limit=settings.lease,
            )
        )
        reads = JobReads(database)
        await stack.enter_async_context(reads.running())
        images = await stack.enter_async_context(opened_images(settings))
        admission = Admission(database, settings)
        await stack.enter_async_context(admission.running())
        tokens = KnownTokens(database, settings.bootstrap_token_hash)
        await stack.enter_async_context(tokens.running())
        waiters = Waiters(database, messenger, admission)
        await stack.enter_async_context(waiters.running())
        broker = Broker(settings)
        stack.push_async_callback(broker.close)
        metrics = FrontMetrics(database, messenger, images, broker, settings.probe_patience)
        await stack.enter_async_context(metrics.running())
        # A missing dependency is only logged: the front serves what it can meanwhile.
        await check_dependencies(database, messenger, images, required=False)
        draining = Drain()
        accepting = Acceptance(database, images, admission, draining, settings)
        submissions = Submissions(database, messenger, accepting, settings, metrics, tracing.tracer)
        stack.push_async_callback(submissions.close)
        rates = await stack.enter_async_context(counting(settings))
        bulk = BulkRunner(database, messenger, admission, draining, waiters, metrics)
        await stack.enter_async_context(bulk.running())
        logins = await stack.enter_async_context(counting_logins(settings))
        await stack.enter_async_context(sampling(database, admission))
        recent = Recent()
        stack.push_async_callback(recent.close)
        large_bodies = LargeBodies()
        stack.callback(large_bodies.close)
        yield Front(
            settings,
            database,
            messenger,
            admission,
            draining,
            submissions,
            reads,
            waiters,
            metrics,
            large_bodies,
            tokens,
            images,
            ShownImages(settings),
            rates,
            bulk,
            logins,
            recent,
        )
