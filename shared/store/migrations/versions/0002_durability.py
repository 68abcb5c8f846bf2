"""Add spent budgets, requested cancellations, an index of ended jobs, and workers' slots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BUDGETS = ("spent_transient", "spent_timeout", "spent_crashed", "spent_bug")


def upgrade() -> None:
    """Add columns and an index. The defaults are constant, so no table is rewritten."""
    for name in _BUDGETS:
        op.add_column("jobs", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("cancel_requested_at", TIMESTAMP(timezone=True)))
    # The new columns have no default. Workers write their rows again within seconds.
    op.execute("DELETE FROM workers")
    op.add_column("workers", sa.Column("slots", JSONB, nullable=False))
    op.add_column("workers", sa.Column("alive_until", TIMESTAMP(timezone=True), nullable=False))
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove the columns and the index."""
    for name in ("slots", "alive_until"):
        op.drop_column("workers", name)
    op.drop_index("ix_jobs_finished", "jobs")
    for name in ("cancel_requested_at", *_BUDGETS):
        op.drop_column("jobs", name)
