"""Add indexes by which lists find ended jobs by state and feature, and drop that of all jobs.

The indexes are built while jobs are written, so nothing waits for them. Neither changes when a job
waits or starts to run, so that together they cost a job less than the one that they replace.

Code from before this revision lists without an index. Until its last front is replaced, it may
answer 503 to lists of a tenant with hundreds of thousands of jobs.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENDED = text("finished_at IS NOT NULL")
_ADDED = {
    "ix_jobs_ended_state": ["tenant_id", "state", "created_at", "id"],
    "ix_jobs_ended_feature": ["tenant_id", "feature", "state", "created_at", "id"],
}
_DROPPED = {"ix_jobs_tenant_created": ["tenant_id", "created_at", "id"]}


def upgrade() -> None:
    """Replace the index."""
    with op.get_context().autocommit_block():
        for name, columns in _ADDED.items():
            # An index whose building was interrupted is there, but invalid.
            _drop(name)
            op.create_index(
                name, "jobs", columns, postgresql_where=_ENDED, postgresql_concurrently=True
            )
        for name in _DROPPED:
            _drop(name)


def downgrade() -> None:
    """Restore the index."""
    with op.get_context().autocommit_block():
        for name, columns in _DROPPED.items():
            _drop(name)
            op.create_index(name, "jobs", columns, postgresql_concurrently=True)
        for name in _ADDED:
            _drop(name)


def _drop(name: str) -> None:
    op.drop_index(name, "jobs", postgresql_concurrently=True, if_exists=True)
