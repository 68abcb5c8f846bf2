"""Add callbacks and their deliveries, and a trigger that writes a delivery when a job ends.

The trigger makes the deliveries part of every transaction that ends a job, whichever version of a
worker or front does so. PL/pgSQL takes a new snapshot for its query, so that it also finds a
callback that was committed while the statement waited for the row.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = TIMESTAMP(timezone=True)
_NOW = sa.func.now()
_NEW_ID = sa.func.gen_random_uuid()

# Queues a delivery for each callback that wants to hear of this ending of a job. A job that was
# retried by hand ends again, at another time.
_QUEUE = """
CREATE FUNCTION queue_callbacks(
    ended_job uuid, ended_state text, ended_error jsonb, ended_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback_deliveries (callback_id, event, host, error, finished_at)
    SELECT callback.id, 'job.' || ended_state, callback.host, ended_error, ended_at
    FROM job_callbacks AS callback
    WHERE callback.job_id = ended_job AND 'job.' || ended_state = ANY (callback.events)
    ON CONFLICT DO NOTHING;
END
$$
"""
_ON_END = """
CREATE FUNCTION queue_callbacks_on_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM job_callbacks WHERE job_id = NEW.id) THEN
        PERFORM queue_callbacks(NEW.id, NEW.state, NEW.error, NEW.finished_at);
    END IF;
    RETURN NULL;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER queue_callbacks AFTER UPDATE OF finished_at ON jobs FOR EACH ROW
WHEN (NEW.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at)
EXECUTE FUNCTION queue_callbacks_on_end()
"""


def upgrade() -> None:
    """Add the tables and the trigger. No row of `jobs` is rewritten."""
    _create_callbacks()
    _create_deliveries()
    for statement in (_QUEUE, _ON_END, _TRIGGER):
        op.execute(statement)


def _create_callbacks() -> None:
    op.create_table(
        "job_callbacks",
        sa.Column("id", sa.Uuid, nullable=False, server_default=_NEW_ID),
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("events", ARRAY(sa.Text), nullable=False),
        sa.Column("include_output", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("id", name="pk_job_callbacks"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_callbacks_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("uq_job_callbacks_job_id_url", "job_callbacks", ["job_id", "url"], unique=True)


def _create_deliveries() -> None:
    table = "callback_deliveries"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid, nullable=False, server_default=_NEW_ID),
        sa.Column("callback_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("error", JSONB),
        sa.Column("finished_at", _TIME, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("pending_since", _TIME, nullable=False, server_default=_NOW),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("delivered_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_callback_deliveries"),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["job_callbacks.id"],
            name="fk_callback_deliveries_callback_id",
            ondelete="CASCADE",
        ),
        # The naming convention adds the prefix.
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
    )
    unique = ["callback_id", "event", "finished_at"]
    op.create_index("uq_callback_deliveries_ending", table, unique, unique=True)
    op.create_index(
        "ix_callback_deliveries_pending",
        table,
        ["host", "due_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_callback_deliveries_dead",
        table,
        ["pending_since"],
        postgresql_where=sa.text("state = 'dead'"),
    )


def downgrade() -> None:
    """Drop the trigger and the tables."""
    op.execute("DROP TRIGGER queue_callbacks ON jobs")
    op.execute("DROP FUNCTION queue_callbacks_on_end, queue_callbacks")
    for table in ("callback_deliveries", "job_callbacks"):
        op.drop_table(table)
