"""Examples of the calls that report on the service itself."""

from datetime import UTC, datetime

from api.openapi.examples.example import Examples
from api.openapi.examples.items import MODEL
from api.openapi.examples.receipts import MODEL as OCR_MODEL
from api.openapi.schemas import json_schema, schema_entries
from shared.contracts.features import Queue
from shared.contracts.service.access import AuditPage, AuditView, DeletedData
from shared.contracts.service.components import Component, ComponentReport
from shared.contracts.service.health import (
    AiService,
    Check,
    Health,
    HealthCheck,
    HealthStatus,
    Liveness,
    QueueHealth,
    Readiness,
    Services,
    Waiting,
)
from shared.contracts.service.queues import QueueList, QueuePause, QueueView
from shared.contracts.service.schemas import SchemaList
from shared.contracts.service.workers import WorkerHealth, WorkerList, WorkerView
from shared.errors import DatabaseUnavailable
from shared.version import SERVICE, service_version

_PAUSE = QueuePause(at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC), by="ops-laptop")


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    health = Health(status="ok", service=SERVICE, version=service_version())
    return {
        "listQueues": Examples(answers={200: _queues()}),
        "deleteTenantData": Examples(answers={200: _deleted()}),
        "listAudit": Examples(answers={200: _audit()}),
        "pauseQueue": Examples(answers={200: _queues(_PAUSE).queues[0]}),
        "resumeQueue": Examples(answers={200: _queues().queues[0]}),
        "listWorkers": Examples(answers={200: WorkerList(workers=[_worker()])}),
        "drainWorker": Examples(answers={200: _worker(_PAUSE.at)}),
        "resumeWorker": Examples(answers={200: _worker()}),
        "listSchemas": Examples(answers={200: SchemaList(schemas=schema_entries())}),
        "getSchema": Examples(answers={200: json_schema("categorization.output")}),
        "getHealth": Examples(answers={200: health}),
        "getLiveness": Examples(answers={200: Liveness(status="ok")}),
        "getReadiness": Examples(answers={200: _readiness(), 503: _not_ready()}, sparse=True),
        "getHealthCheck": Examples(
            answers={200: _health_check("ok", _ok()), 503: _health_check("error", _away())},
            sparse=True,
        ),
    }


def _ok() -> Check:
    return Check(status="ok")


def _queues(paused: QueuePause | None = None) -> QueueList:
    return QueueList(
        queues=[
            QueueView(
                queue=queue,
                depth=3,
                scheduled=0,
                running=2,
                oldest_age=0.412,
                workers=1,
                slots=2,
                finished_per_minute=40,
                estimated_wait=None if paused else 4.5,
                accepting=True,
                paused=paused,
            )
            for queue in Queue
        ]
    )


def _worker(draining_since: datetime | None = None) -> WorkerView:
    return WorkerView(
        id="worker-1:7:5f1d5b0e-3f0e-4b55-9a35-2f1d4f7b9c11",
        host="worker-1",
        version=service_version(),
        health=WorkerHealth.ALIVE,
        queues=[] if draining_since else list(Queue),
        slots=dict.fromkeys(Queue, 2),
        running=1,
        started_at=datetime(2026, 11, 26, 8, tzinfo=UTC),
        seen_at=datetime(2026, 11, 26, 12, tzinfo=UTC),
        draining_since=draining_since,
        engines={Component.CLASSIFIER: ComponentReport(status="ok", model=MODEL)},
    )


def _deleted() -> DeletedData:
    return DeletedData(
        tenant_id="home", jobs=120, images=14, callbacks=3, deliveries=3, cancelled=2
    )


def _audit() -> AuditPage:
    entry = AuditView(
        id=7,
        at=datetime(2026, 11, 26, 12, tzinfo=UTC),
        action="tenant.delete_data",
        actor="1f0c9a72d4e8",
        subject="home",
        tenant_id="home",
        request_id="6d8454df-a8af-457a-a496-10271c48155b",
    )
    return AuditPage(entries=[entry], next_before=None)


def _components() -> dict[str, Check]:
    return {
        Component.OCR: Check(status="ok", model=OCR_MODEL),
        Component.TESSERACT: Check(status="not_installed"),
        Component.CLASSIFIER: Check(status="ok", model=MODEL),
        Component.EMBEDDING_MODEL: Check(status="available", model=MODEL),
    }


def _workers() -> Check:
    return Check(status="ok", alive=1, queues=sorted(Queue))


def _waiting() -> dict[Queue, Waiting]:
    return {queue: Waiting(depth=0, oldest_age=0.0) for queue in Queue}


def _away() -> Check:
    return Check(status="error", error=DatabaseUnavailable.detail)


def _readiness() -> Readiness:
    checks = {
        "database": _ok(),
        "redis": _ok(),
        "queue": Check(status="ok", waiting=_waiting()),
        "workers": _workers(),
        **_components(),
    }
    return Readiness(status="ok", checks=checks, version=service_version())


def _not_ready() -> Readiness:
    checks = {"database": _away(), "redis": _ok()}
    return Readiness(status="error", checks=checks, version=service_version())


def _health_check(status: HealthStatus, database: Check) -> HealthCheck:
    return HealthCheck(
        status=status,
        services=Services(
            database=database,
            ai_service=AiService(status="ok", workers=_workers(), engines=_components()),
            queue=QueueHealth(status="ok", broker=_ok(), waiting=_waiting()),
        ),
        version=service_version(),
    )
