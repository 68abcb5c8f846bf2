"""What .dockerignore lets into the build of an image, by the rules that Docker reads it with."""

import re
from pathlib import PurePosixPath

import pytest

from shared.local.checkout import ROOT

NEEDED = [
    "api/__main__.py",
    "api/console/vendored/licences/htmx.txt",
    "shared/store/migrations/env.py",
    "worker/pipeline/meaning/models/all_minilm_l6_v2/LICENSE",
    "config/healthcheck.py",
    "pyproject.toml",
    "requirements-runtime.lock",
    ".ci/supply-chain.lock",
]
LEFT_OUT = [
    ".env",
    "api/.env",
    ".env.production",
    "shared/.data/run-1/postgres/PG_VERSION",
    "worker/.venv/bin/python",
    ".git/config",
    "grocery_planner_ai.egg-info/PKG-INFO",
    "api/x.egg-info/PKG-INFO",
    "api/__pycache__/main.cpython-311.pyc",
    "tests/conftest.py",
    "config/example.env",
    "receipt.jpg",
    "ai-service-token",
    "results/chaos.json",
    ".ci/run",
]


@pytest.mark.parametrize("path", NEEDED)
def test_what_the_image_needs_is_in_the_context(path: str) -> None:
    """A build without it fails, or makes an image that does."""
    assert sent(path)


@pytest.mark.parametrize("path", LEFT_OUT)
def test_nothing_else_is(path: str) -> None:
    """Secrets of a checkout, its data and its tests stay on the machine that builds."""
    assert not sent(path)


def test_what_the_dockerfile_copies_is_in_the_context() -> None:
    """A file that is copied from the context needs a line in .dockerignore."""
    copied = re.findall(r"^COPY (?!--from)(.*)$", (ROOT / "config/Dockerfile").read_text(), re.M)
    sources = [
        name for line in copied for name in line.split()[:-1] if not name.startswith("--chmod")
    ]

    assert sources
    assert [name for name in sources if not sent(name)] == []
    assert [name for name in sources if not (ROOT / name).exists()] == []


def sent(path: str) -> bool:
    """Return whether Docker sends a file: the last pattern that matches it or a parent decides."""
    included = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        if any(_pattern(pattern.removeprefix("!")).fullmatch(part) for part in _parts(path)):
            included = pattern.startswith("!")
    return included


def _parts(path: str) -> list[str]:
    whole = PurePosixPath(path)
    return [str(whole), *(str(parent) for parent in whole.parents if parent.name)]


def _pattern(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(escaped)
