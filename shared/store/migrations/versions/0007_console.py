"""Add what operators find jobs and failures by, and the tables of the console.

The indexes are built while jobs are written. They change only when a job ends, so that claims cost
what they did.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = TIMESTAMP(timezone=True)
_NOW = sa.func.now()

# The message of a failure, with placeholders for ids, numbers and what is quoted.
_MESSAGE = r"""
CREATE FUNCTION failure_message(error jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT regexp_replace(
    regexp_replace(
        regexp_replace(
            error->>'detail', '"[^"]*"|''[^'']*''|`[^`]*`', '<text>', 'g'
        ),
        '\y([0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{32})\y', '<id>', 'g'
    ),
    '\y[0-9][0-9a-fA-F.,:]*', '<number>', 'g'
)
$$
"""
# Failures with the same fingerprint have the same class, code, place and message.
_FINGERPRINT = r"""
CREATE FUNCTION failure_fingerprint(error jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT left(encode(sha256(convert_to(concat_ws(
    E'\n', error->>'error_class', error->>'code', error->>'place', failure_message(error)
), 'UTF8')), 'hex'), 12)
$$
"""
_SET_FINGERPRINT = """
CREATE FUNCTION set_fingerprint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.fingerprint := CASE WHEN NEW.state = 'failed' THEN failure_fingerprint(NEW.error) END;
    RETURN NEW;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER set_fingerprint BEFORE UPDATE OF state ON jobs FOR EACH ROW
WHEN (NEW.state = 'failed' OR OLD.state = 'failed')
EXECUTE FUNCTION set_fingerprint()
"""
# Jobs that failed before this revision. The trigger gives theirs to those that fail meanwhile.
_BACKFILL = """
UPDATE jobs SET fingerprint = failure_fingerprint(error)
WHERE state = 'failed' AND fingerprint IS NULL
"""
_INDEXES: dict[str, tuple[list[sa.TextClause], str, list[str]]] = {
    "ix_jobs_ended": (
        [sa.text("state"), sa.text("created_at"), sa.text("id")],
        "finished_at IS NOT NULL",
        [],
    ),
    "ix_jobs_failures": (
        [sa.text("fingerprint"), sa.text("created_at"), sa.text("id")],
        "state = 'failed'",
        ["tenant_id", "feature", "finished_at"],
    ),
    "ix_jobs_ended_request": (
        [sa.text("request_id")],
        "finished_at IS NOT NULL AND request_id IS NOT NULL",
        [],
    ),
    "ix_jobs_ended_trace": (
        [sa.text("substr(trace_carrier->>'traceparent', 4, 32)")],
        "finished_at IS NOT NULL",
        [],
    ),
}


def upgrade() -> None:
    """Add the column, its trigger, the tables, and then the indexes."""
    # What comes before the indexes is committed with the first of them, all or nothing of it. So an
    # upgrade that was interrupted goes on from there.
    known = sa.inspect(op.get_bind()).get_columns("jobs")
    if all(column["name"] != "fingerprint" for column in known):
        _add_columns_and_tables()
    with op.get_context().autocommit_block():
        op.execute(_BACKFILL)
        for name, (columns, condition, included) in _INDEXES.items():
            # An index whose building was interrupted is there, but invalid.
            _drop(name)
            op.create_index(
                name,
                "jobs",
                columns,
                postgresql_where=sa.text(condition),
                postgresql_include=included,
                postgresql_concurrently=True,
            )


def _add_columns_and_tables() -> None:
    op.add_column("jobs", sa.Column("fingerprint", sa.Text))
    op.add_column("workers", sa.Column("drain_requested_at", _TIME))
    for statement in (_MESSAGE, _FINGERPRINT, _SET_FINGERPRINT, _TRIGGER):
        op.execute(statement)
    _create_sessions()
    _create_bulk_operations()
    _create_samples()


def downgrade() -> None:
    """Drop all of it."""
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            _drop(name)
    for table in ("queue_samples", "bulk_operations", "console_sessions"):
        op.drop_table(table)
    op.execute("DROP TRIGGER set_fingerprint ON jobs")
    op.execute("DROP FUNCTION set_fingerprint, failure_fingerprint, failure_message")
    op.drop_column("workers", "drain_requested_at")
    op.drop_column("jobs", "fingerprint")


def _drop(name: str) -> None:
    op.drop_index(name, "jobs", postgresql_concurrently=True, if_exists=True)


def _create_sessions() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("token_id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_console_sessions"),
    )
    op.create_index("ix_console_sessions_expires_at", "console_sessions", ["expires_at"])


def _create_bulk_operations() -> None:
    op.create_table(
        "bulk_operations",
        sa.Column("id", sa.Uuid, nullable=False, server_default=sa.func.gen_random_uuid()),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("conditions", JSONB, nullable=False),
        sa.Column("tenants", ARRAY(sa.Text)),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False, server_default="running"),
        sa.Column("matched", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("skipped", sa.Integer, nullable=False, server_default="0"),
        sa.Column("refusals", JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("after_created_at", _TIME),
        sa.Column("after_id", sa.Uuid),
        sa.Column("due_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("waits_for", sa.Text),
        sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("changed_at", _TIME, nullable=False, server_default=_NOW),
        sa.Column("finished_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_operations"),
        # The naming convention adds the prefix.
        sa.CheckConstraint("state IN ('running', 'finished', 'stopped')", name="state"),
        sa.CheckConstraint("action IN ('retry', 'cancel')", name="action"),
    )
    op.create_index(
        "ix_bulk_operations_running",
        "bulk_operations",
        ["created_at"],
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_bulk_operations_created_at", "bulk_operations", ["created_at"])


def _create_samples() -> None:
    op.create_table(
        "queue_samples",
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("running", sa.Integer, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("finished", sa.Integer, nullable=False),
        sa.Column("oldest_age", sa.Float, nullable=False),
        sa.Column("admitted", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("queue", "at", name="pk_queue_samples"),
    )
    op.create_index("ix_queue_samples_at", "queue_samples", ["at"])
