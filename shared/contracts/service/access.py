"""What operators are answered: the deletion of a tenant's data, and the audit."""

from datetime import datetime

from shared.contracts.text import Contract


class DeletedData(Contract):
    """How much of a tenant was deleted. `cancelled` counts the jobs that had not ended."""

    tenant_id: str
    jobs: int
    images: int
    callbacks: int
    deliveries: int
    cancelled: int


class AuditView(Contract):
    """Something that an operator did, in ids.

    `actor` is the id of a token, `bootstrap`, `anybody` if no tokens are needed, or `cli`.
    """

    id: int
    at: datetime
    action: str
    actor: str
    subject: str
    tenant_id: str | None
    request_id: str | None


class AuditPage(Contract):
    """Entries of the audit, newest first. `next_before` is the `before` of the next page."""

    entries: list[AuditView]
    next_before: int | None
