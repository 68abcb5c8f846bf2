"""The tables of tokens, and of what operators do."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.store.models.base import Base


class Token(Base):
    """A token of a caller. Only the sha256 of its text is stored.

    `tenants` are those that it may act for, or only `*` for all of them.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    hash: Mapped[bytes]
    scopes: Mapped[list[str]]
    tenants: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # Written at most once a minute.
    last_used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Something that an operator did. `actor`, `subject` and the others hold ids only."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    actor: Mapped[str]
    subject: Mapped[str]
    tenant_id: Mapped[str | None]
    request_id: Mapped[str | None]

    __table_args__ = (Index("ix_audit_entries_at", "at"),)
