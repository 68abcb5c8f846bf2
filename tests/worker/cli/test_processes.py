"""The commands that run the service. `.ci/package` runs them from the wheel, with a job."""

from pathlib import Path

import pytest

from shared.store.schema import known_revisions
from tests.support.fronts import nowhere
from tests.worker.cli.conftest import Run


def test_migrate(grocery_ai: Run, behind: str, tmp_path: Path) -> None:
    """The migrations are found from any folder. Running the command again changes nothing."""
    for _ in range(2):
        done = grocery_ai("migrate", cwd=tmp_path, DATABASE_URL=behind)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"The schema is at {known_revisions()[0]}.\n"


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("", 2, "must begin with postgresql://"),
        (nowhere("postgresql").get_secret_value(), 1, "Postgres cannot be reached"),
    ],
    ids=["no url", "no server"],
)
def test_migrate_without_a_database(grocery_ai: Run, url: str, code: int, said: str) -> None:
    """One line says what is wrong."""
    done = grocery_ai("migrate", DATABASE_URL=url)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_is_ours_in_any_folder(grocery_ai: Run, tmp_path: Path, command: str) -> None:
    """A caller's project may have packages of the same names. The settings are checked as ever."""
    for package in ("api", "shared", "worker"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('not ours')")
    done = grocery_ai(command, cwd=tmp_path, DATABASE_URL="", REDIS_URL="")

    assert done.returncode == 2
    assert "DATABASE_URL" in done.stdout
    assert "not ours" not in done.stdout + done.stderr
