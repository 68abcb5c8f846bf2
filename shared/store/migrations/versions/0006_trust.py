"""Add the order between tenants, the counts of admitted jobs, pauses, tokens, audit and silences.

No row of `jobs` is rewritten. Rows without a band and a turn, which code from before this revision
also inserts, keep their order by time and priority.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = TIMESTAMP(timezone=True)
_NOW = sa.func.now()
_TABLES = (
    "audit_entries",
    "tokens",
    "queue_pauses",
    "queue_admissions",
    "reached_turns",
    "tenant_turns",
)
# The first turn is later than the place of every message that waits, or that fronts of before send
# within half a day, and long past all the same.
_FIRST_TURNS = """
INSERT INTO reached_turns (queue, band, turn)
SELECT queue, band, extract(epoch FROM now() - interval '12 hours')::bigint * 1000
FROM unnest(ARRAY['receipts', 'items']) AS queue, generate_series(0, 2) AS band
"""


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("jobs", sa.Column("band", sa.SmallInteger))
    op.add_column("jobs", sa.Column("turn", sa.BigInteger))
    op.add_column("workers", sa.Column("ended_silence_at", _TIME))
    op.add_column(
        "workers", sa.Column("skipped", sa.Boolean, nullable=False, server_default=sa.false())
    )
    _create_turns()
    _create_admissions()
    _create_pauses()
    _create_tokens()
    _create_audit()


def downgrade() -> None:
    """Remove them."""
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("workers", "skipped")
    op.drop_column("workers", "ended_silence_at")
    op.drop_column("jobs", "turn")
    op.drop_column("jobs", "band")


def _create_turns() -> None:
    op.create_table(
        "tenant_turns",
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("band", sa.SmallInteger, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("queue", "band", "tenant_id", name="pk_tenant_turns"),
    )
    op.create_table(
        "reached_turns",
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("band", sa.SmallInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("queue", "band", name="pk_reached_turns"),
    )
    op.execute(_FIRST_TURNS)


def _create_admissions() -> None:
    op.create_table(
        "queue_admissions",
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("admitted", sa.BigInteger, nullable=False),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_queue_admissions"),
    )


def _create_pauses() -> None:
    op.create_table(
        "queue_pauses",
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("paused_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("paused_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_queue_pauses"),
    )


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("tenants", ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("expires_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.Column("last_used_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
