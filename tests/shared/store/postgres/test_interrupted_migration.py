"""A migration that was killed while it built its indexes can be run again."""

import pytest

from tests.shared.store.postgres.conftest import migrate, run_each


@pytest.mark.slow
async def test_a_migration_that_was_killed_goes_on(owned: str) -> None:
    first = migrate(owned, {})
    killed = (
        # The next revision is all or nothing.
        "ALTER TABLE job_images DROP COLUMN object_url, DROP COLUMN object_size",
        "DROP INDEX ix_jobs_failures",
        "UPDATE alembic_version SET version_num = '0006'",
    )
    await run_each(owned, *killed)
    second = migrate(owned, {})

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
