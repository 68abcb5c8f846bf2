"""With REQUIRE_DEPENDENCIES, a process that lacks a dependency at startup says so and stops."""

import pytest

from shared.settings import Settings
from tests.support.fronts import nowhere
from tests.support.processes.failed_start import failed_start

REQUIRED = {"REQUIRE_DEPENDENCIES": "true"}


@pytest.mark.parametrize("program", ["api", "worker"])
async def test_the_check_at_startup_names_everything_that_is_missing(
    program: str, settings: Settings
) -> None:
    """The log has a sentence for each, and its last line says why the process stopped."""
    missing = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
    }
    lines = await failed_start(program, settings, REQUIRED | missing)

    said = [line for line in lines if line["message"] == "dependency.missing"]
    assert {line["dependency"] for line in said} == {"database", "redis"}
    assert all(line["detail"].endswith(".") for line in said)
    assert lines[-1]["message"] == f"{'front' if program == 'api' else 'worker'}.stopped"
    assert (lines[-1]["level"], lines[-1]["error"]) == ("error", "dependency_missing")


@pytest.mark.parametrize("program", ["api", "worker"])
async def test_the_check_at_startup_sees_an_old_schema(
    program: str, settings: Settings, behind: str
) -> None:
    """The reason names the command that migrates."""
    lines = await failed_start(program, settings, {**REQUIRED, "DATABASE_URL": behind})

    assert "bin/migrate" in lines[-1]["reason"]


async def test_the_check_at_startup_sees_a_missing_engine(settings: Settings) -> None:
    """A worker that can serve only some of its queues does not start."""
    lines = await failed_start(
        "worker", settings, {**REQUIRED, "OCR_ENGINE": "tesseract", "PATH": "/nowhere"}
    )

    assert lines[-1]["message"] == "worker.stopped"
    assert "apt-get install tesseract-ocr" in lines[-1]["reason"]
