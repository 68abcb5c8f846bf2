"""A tag is released only with its section of the changelog, and the service has its version."""

import os
import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from shared.local.checkout import ROOT
from shared.version import NEXT

pytestmark = pytest.mark.slow

CHANGELOG = f"""# Changelog

## Unreleased

### Added

- What comes later.

## {NEXT} - 2027-01-31

### Added

- `## not a heading`, and what is new.

## 0.1.0 - 2026-11-26

- What was.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the script reads, with a changelog in which the next version is released."""
    for name in (".ci/release.py", "shared/version.py", "clients/elixir/mix.exs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def release(checkout: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """Run the script for a tag; its notes are in `notes.md`."""
    return subprocess.run(
        [".ci/release.py", tag, "dist/notes.md"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_notes_of_a_release_are_its_section(checkout: Path) -> None:
    """Neither what is unreleased nor an earlier section is among them."""
    done = release(checkout, f"v{NEXT}")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"version={NEXT}\n", "")
    notes = (checkout / "dist/notes.md").read_text()
    assert notes == "### Added\n\n- `## not a heading`, and what is new.\n"


@pytest.mark.parametrize(
    ("tag", "old", "new", "reason"),
    [
        ("v9.9.9", "", "", "is not the version in shared/version.py"),
        (NEXT, "", "", "is no tag of a release"),
        (f"v{NEXT}-rc1", "", "", "is no tag of a release"),
        (f"v{NEXT}\nversion=6.6.6", "", "", "is no tag of a release"),
        (f"v{NEXT}", f"## {NEXT} - 2027-01-31", "## 0.1.5 - 2027-01-31", "The newest section"),
        (f"v{NEXT}", f"## {NEXT} - 2027-01-31", f"## {NEXT}", "has no date"),
        (f"v{NEXT}", "2027-01-31", "2027-02-31", "has no date"),
        (f"v{NEXT}", "### Added\n\n- `## not a heading`, and what is new.\n\n", "", "is empty"),
    ],
)
def test_a_tag_is_refused(checkout: Path, tag: str, old: str, new: str, reason: str) -> None:
    """No notes are written, and the last line says why."""
    (checkout / "CHANGELOG.md").write_text(CHANGELOG.replace(old, new, 1) if old else CHANGELOG)
    done = release(checkout, tag)

    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert not (checkout / "dist").exists()


def test_clients_of_another_version_are_not_released(checkout: Path) -> None:
    """Clients and service have one version, since the contract is one."""
    mix = checkout / "clients/elixir/mix.exs"
    mix.write_text(mix.read_text().replace(f'@version "{NEXT}"', '@version "0.0.9"'))

    assert "clients/elixir/mix.exs, which is 0.0.9." in release(checkout, f"v{NEXT}").stderr


@pytest.mark.parametrize(("given", "expected"), [("1.2.3", "1.2.3"), ("", f"{NEXT}.dev0")])
def test_a_client_has_the_version_of_its_tag(given: str, expected: str, tmp_path: Path) -> None:
    """Without a tag it is a development version, the same on every commit."""
    assert _build(ROOT / "clients/python", given, tmp_path) == expected


def test_a_service_says_the_version_of_its_tag(tmp_path: Path) -> None:
    """The version of the wheel is at `/health`, in metrics, spans and the OpenAPI document."""
    assert _build(ROOT, "1.2.3", tmp_path) == "1.2.3"
    said = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(tmp_path / "site"),
            "DATABASE_URL": "postgresql://none",
            "REDIS_URL": "redis://none",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == [str(tmp_path / "site/api/main.py"), *["1.2.3"] * 4]


SAY = """
from starlette.testclient import TestClient
import api.main
from shared.settings import Settings
from shared.telemetry.metrics import new_registry
from shared.telemetry.tracing import service_resource

app = api.main.create_app(Settings())
print(api.main.__file__)
print(TestClient(app, "http://localhost").get("/health").json()["version"])
print(*(metric.samples[0].labels["version"] for metric in new_registry().collect()))
print(service_resource(Settings(), "api").attributes["service.version"])
print(app.openapi()["info"]["version"])
"""


def _build(project: Path, given: str, folder: Path) -> str:
    """Build the wheel of a project, unpack it below `site`, and return its version."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=project,
        env={**os.environ, "GROCERY_AI_VERSION": given},
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
        (metadata,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        return str(HeaderParser().parsestr(packed.read(metadata).decode())["Version"])
