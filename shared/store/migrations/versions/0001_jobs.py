"""Create the tables of jobs, attempts, images and workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = TIMESTAMP(timezone=True)
_NOW = sa.func.now()


def upgrade() -> None:
    """Create the tables and their indexes."""
    _create_jobs()
    _create_job_indexes()
    _create_attempts_and_images()
    _create_workers()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("feature", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("trace_carrier", JSONB, nullable=False),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("content_key", sa.Text),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="queued"),
        sa.Column("dispatch", sa.Integer, nullable=False, server_default="1"),
        sa.Column("published_at", _TIME, server_default=_NOW),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("worker_id", sa.Text),
        sa.Column("lease_until", _TIME),
        sa.Column("output", JSON),
        sa.Column("error", JSONB),
        sa.Column("model_id", sa.Text),
        sa.Column("model_version", sa.Text),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("queued_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("started_at", _TIME),
        sa.Column("finished_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name="ck_jobs_state",
        ),
        sa.CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="ck_jobs_worker"),
    )


def _create_job_indexes() -> None:
    _index("uq_jobs_idempotency_key", "tenant_id", "idempotency_key", unique=True,
           where="idempotency_key IS NOT NULL")  # fmt: skip
    _index("uq_jobs_live_content_key", "tenant_id", "content_key", unique=True,
           where="content_key IS NOT NULL AND state IN ('queued', 'running')")  # fmt: skip
    _index("ix_jobs_content_key", "tenant_id", "content_key", "created_at",
           where="content_key IS NOT NULL")  # fmt: skip
    _index("ix_jobs_tenant_created", "tenant_id", "created_at", "id")
    _index("ix_jobs_live", "queue", "queued_at", where="state IN ('queued', 'running')")
    _index("ix_jobs_unpublished", "queued_at", where="state = 'queued' AND published_at IS NULL")
    _index("ix_jobs_worker", "worker_id", where="state = 'running'")


def _create_attempts_and_images() -> None:
    op.create_table(
        "job_attempts",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("worker_id", sa.Text, nullable=False),
        sa.Column("error", JSONB),
        sa.Column("stages", JSONB, nullable=False),
        sa.Column("trace_id", sa.Text),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_attempts"),
        _belongs_to_job("fk_job_attempts_job_id"),
    )
    op.create_table(
        "job_images",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_images"),
        _belongs_to_job("fk_job_images_job_id"),
    )
    # Images are compressed already, so compressing them again would only cost time.
    op.execute("ALTER TABLE job_images ALTER COLUMN content SET STORAGE EXTERNAL")


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("queues", ARRAY(sa.Text), nullable=False),
        sa.Column("engines", JSONB, nullable=False),
        sa.Column("started_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("seen_at", _TIME, nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("workers", "job_images", "job_attempts", "jobs"):
        op.drop_table(table)


def _index(name: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    op.create_index(
        name, "jobs", columns, unique=unique, postgresql_where=sa.text(where) if where else None
    )


def _belongs_to_job(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=name, ondelete="CASCADE")
