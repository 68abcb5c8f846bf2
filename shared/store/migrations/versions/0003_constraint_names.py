"""The names of the CHECK constraints as the models have them.

The naming convention of the models puts `ck_jobs_` before the name of a constraint. It was applied
to names that had it already, so a migration that changes a constraint would not find it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMES = ("state", "worker")


def upgrade() -> None:
    """Rename them; only the catalog changes, so this takes no time on a large table."""
    for name in _NAMES:
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT ck_jobs_ck_jobs_{name} TO ck_jobs_{name}")


def downgrade() -> None:
    """Give them back their doubled names."""
    for name in _NAMES:
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT ck_jobs_{name} TO ck_jobs_ck_jobs_{name}")
