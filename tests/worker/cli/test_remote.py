"""Commands that speak to a running service: front and worker as processes."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.fronts import nowhere
from tests.support.running_system import System
from tests.worker.cli.conftest import Run


@pytest.fixture
def env(system: System) -> dict[str, str]:
    """A tenant of its own."""
    return {"AI_SERVICE_URL": system.url, "TENANT_ID": f"cli-{uuid4().hex[:8]}"}


@pytest.fixture
def receipt(tmp_path: Path, receipt_png: bytes) -> Path:
    """A file to send."""
    path = tmp_path / "receipt.png"
    path.write_bytes(receipt_png)
    return path


def test_submit_and_wait(grocery_ai: Run, env: dict[str, str], receipt: Path) -> None:
    """What was read, as a table; a bad file is reported and the rest go on."""
    bad = receipt.with_name("bad.jpg")
    bad.write_bytes(b"nothing")
    done = grocery_ai("submit", bad, receipt, "--wait", **env)

    assert done.returncode == 1
    assert "unsupported_image_format" in done.stderr
    assert "Organic Whole Milk" in done.stdout
    assert "succeeded" in done.stdout


def test_the_life_of_a_job(grocery_ai: Run, env: dict[str, str], receipt: Path) -> None:
    """Submitted, watched, looked at, listed."""
    (submitted,) = json.loads(grocery_ai("submit", receipt, "--json", **env).stdout)
    watched = grocery_ai("watch", submitted["id"], **env)
    (seen,) = json.loads(grocery_ai("get", submitted["id"], "--json", **env).stdout)
    (listed,) = json.loads(grocery_ai("list", "--status", "succeeded", "--json", **env).stdout)

    assert watched.returncode == 0
    assert "Where the time went" in watched.stdout
    assert seen["status"] == "succeeded"
    assert listed["id"] == submitted["id"]
    assert json.loads(grocery_ai("list", "--status", "failed", "--json", **env).stdout) == []


def test_a_job_is_cancelled_and_retried(
    grocery_ai: Run, env: dict[str, str], receipt: Path
) -> None:
    """The last of a stack still waits when it is cancelled; by hand it runs again."""
    *_, submitted = json.loads(grocery_ai("submit", *[receipt] * 8, "--json", **env).stdout)
    cancelled = grocery_ai("cancel", submitted["id"], "--json", **env)
    watched = grocery_ai("watch", submitted["id"], **env)
    retried = grocery_ai("retry", submitted["id"], **env)
    again = grocery_ai("watch", submitted["id"], **env)

    assert cancelled.returncode == 0, cancelled.stderr
    assert watched.returncode == 1
    assert "cancelled" in watched.stdout
    assert retried.returncode == 0, retried.stderr
    assert again.returncode == 0
    assert "Organic Whole Milk" in again.stdout


def test_queues(grocery_ai: Run, env: dict[str, str]) -> None:
    """Both, with their workers."""
    found = json.loads(grocery_ai("queues", "--json", **env).stdout)

    assert {queue["queue"] for queue in found} == {"receipts", "items"}
    assert all(queue["accepting"] and queue["workers"] == 1 for queue in found)
    assert "receipts" in grocery_ai("queues", **env).stdout


@pytest.mark.parametrize("command", ["get", "watch", "cancel", "retry"])
def test_a_job_that_is_not_there(grocery_ai: Run, env: dict[str, str], command: str) -> None:
    """A code and a sentence."""
    done = grocery_ai(command, str(uuid4()), **env)

    assert done.returncode == 1
    assert "job_not_found" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_is_not_there(grocery_ai: Run) -> None:
    """Said after a few seconds; a URL that is none at once."""
    away = nowhere("http").get_secret_value()
    done = grocery_ai("list", "--url", away)
    wrong = grocery_ai("list", "--url", "localhost:8000")

    assert done.returncode == 1
    assert "service_unreachable" in done.stderr
    assert wrong.returncode == 2
