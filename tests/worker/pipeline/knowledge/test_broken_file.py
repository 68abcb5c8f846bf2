"""A mistake in a knowledge file of an installation keeps its components from loading."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

RECOGNITION = "from worker.features.recognition_child import ready; ready('rapidocr')"
ITEMS = (
    "from worker.pipeline.meaning.configured_models import load_models;"
    "load_models('embedding', '', 'all-MiniLM-L6-v2')"
)


@pytest.mark.parametrize(
    ("file", "key", "typo", "process"),
    [
        ("languages/pl.toml", "labels.total", "labels.totl", RECOGNITION),
        ("currencies.toml", "date_order =", "date_ordr =", RECOGNITION),
        ("chains.toml", "PLN", "PNL", RECOGNITION),
        ("grocery.toml", "topics.cheese]\nnames", "topics.cheese]\nnmes", ITEMS),
        ("brands.toml", "cheese =", "chese =", ITEMS),
    ],
)
@pytest.mark.slow
def test_a_typo_stops_loading(tmp_path: Path, file: str, key: str, typo: str, process: str) -> None:
    """The error comes before any work is taken, and says what is wrong and where."""
    for package in ("shared", "worker"):
        shutil.copytree(ROOT / package, tmp_path / package)
    broken = tmp_path / "worker/pipeline/knowledge" / file
    text = broken.read_text()
    assert key in text
    broken.write_text(text.replace(key, typo, 1))

    ended = subprocess.run(
        [sys.executable, "-c", process],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 1
    assert f"KnowledgeError: {file}: " in ended.stderr
    assert "did you mean" in ended.stderr
