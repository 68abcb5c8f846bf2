"""Fixtures of the tests that run bin/demo and bin/dev."""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest

from shared.local.checkout import DATA


@pytest.fixture
def no_tesseract() -> Iterator[dict[str, str]]:
    """Settings of embedded servers and of an OCR engine whose program is not on the path."""
    program = shutil.which("test")
    assert program
    # The embedded Postgres needs this one, and runs as another user, who cannot enter `tmp_path`.
    folder = DATA / f"path-{uuid4().hex[:8]}"
    folder.mkdir(parents=True, mode=0o755)
    (folder / "test").symlink_to(program)
    yield {"OCR_ENGINE": "tesseract", "PATH": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}
    shutil.rmtree(folder)
