"""The tables."""

from shared.store.models.access import AuditEntry, Token
from shared.store.models.base import Base
from shared.store.models.callbacks import CallbackDelivery, JobCallback
from shared.store.models.console import BulkOperation, ConsoleSession, QueueSample
from shared.store.models.jobs import LIVE, Job, JobAttempt, JobImage
from shared.store.models.queues import QueueAdmission, QueuePause, ReachedTurn, TenantTurn
from shared.store.models.workers import WorkerRecord

__all__ = [
    "LIVE",
    "AuditEntry",
    "Base",
    "BulkOperation",
    "CallbackDelivery",
    "ConsoleSession",
    "Job",
    "JobAttempt",
    "JobCallback",
    "JobImage",
    "QueueAdmission",
    "QueuePause",
    "QueueSample",
    "ReachedTurn",
    "TenantTurn",
    "Token",
    "WorkerRecord",
]
