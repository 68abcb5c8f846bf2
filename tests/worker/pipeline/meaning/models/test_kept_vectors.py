"""Vectors that are kept between processes: the same as those that are made, whatever lies there."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from worker.pipeline.meaning.models.kept_vectors import embed_kept
from worker.pipeline.meaning.models.ports import Vectors

TEXTS = ["milk", "rye bread"]


class CountingEmbedder:
    """An embedder that counts; a text's vector is its length."""

    model_id = "counting"
    dimension = 2

    def __init__(self, model_version: str = "1") -> None:
        self.model_version = model_version
        self.calls = 0

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """See Embedder.embed."""
        self.calls += 1
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "grocery-planner-ai" / "vectors"


@pytest.mark.usefixtures("folder")
def test_they_are_made_once() -> None:
    """A second process has nothing to do."""
    made, kept = embed_kept(CountingEmbedder(), TEXTS), CountingEmbedder()

    assert np.array_equal(embed_kept(kept, TEXTS), made)
    assert kept.calls == 0


@pytest.mark.usefixtures("folder")
def test_other_texts_and_other_models_have_their_own() -> None:
    """A new lexicon or a new model never meets old vectors."""
    embed_kept(CountingEmbedder(), TEXTS)

    for embedder, texts in (
        (CountingEmbedder("2"), TEXTS),
        (CountingEmbedder(), TEXTS[::-1]),
        (CountingEmbedder(), ["milk"]),
    ):
        assert np.array_equal(embed_kept(embedder, texts), embedder.embed(texts))
        assert embedder.calls == 2


@pytest.mark.parametrize("damage", [b"", b"no numbers", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_what_is_damaged_is_made_anew(folder: Path, damage: bytes) -> None:
    """And is whole again."""
    made = embed_kept(CountingEmbedder(), TEXTS)
    (file,) = folder.iterdir()
    file.write_bytes(damage)

    assert np.array_equal(embed_kept(CountingEmbedder(), TEXTS), made)
    assert np.array_equal(np.load(file), made)


def test_vectors_of_another_shape_are_not_believed(folder: Path) -> None:
    """Somebody else's file."""
    made = embed_kept(CountingEmbedder(), TEXTS)
    (file,) = folder.iterdir()
    np.save(file, np.zeros((1, 1), dtype=np.float32))

    assert np.array_equal(embed_kept(CountingEmbedder(), TEXTS), made)


def test_without_a_place_to_keep_them_they_are_made(folder: Path) -> None:
    """A file stands where the folder would be."""
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("in the way")
    embedder = CountingEmbedder()

    assert embed_kept(embedder, TEXTS).shape == (2, 2)
    assert embedder.calls == 1


def test_nothing_unfinished_is_left(folder: Path) -> None:
    """Only the file itself."""
    embed_kept(CountingEmbedder(), TEXTS)

    assert [file.suffix for file in folder.iterdir()] == [".npy"]
