"""Rename the CHECK constraints to the names that the models have.

The naming convention of the models puts `ck_jobs_` before the name of a constraint. It was applied
to names that already began with it, so later migrations would not find the constraints.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMES = ("state", "worker")


def upgrade() -> None:
    """Rename the constraints. Only the catalog changes, so a large table takes no longer."""
    for name in _NAMES:
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT ck_jobs_ck_jobs_{name} TO ck_jobs_{name}")


def downgrade() -> None:
    """Restore the names with the doubled prefix."""
    for name in _NAMES:
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT ck_jobs_{name} TO ck_jobs_ck_jobs_{name}")
