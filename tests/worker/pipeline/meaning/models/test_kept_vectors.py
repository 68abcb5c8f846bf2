"""Vectors that are kept on disk equal those of the embedder, whatever state the files are in."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from worker.pipeline.meaning.models.kept_vectors import embed_kept
from worker.pipeline.meaning.models.ports import Vectors

TEXTS = ["milk", "rye bread"]


class CountingEmbedder:
    """An embedder that counts its calls; the vector of a text is (its length, 1)."""

    model_id = "counting"
    dimension = 2

    def __init__(self, model_version: str = "1") -> None:
        self.model_version = model_version
        self.calls = 0

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Embed texts as `Embedder.embed` says, except that vectors do not have length 1."""
        self.calls += 1
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the vectors, which does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "grocery-planner-ai" / "vectors"


@pytest.mark.usefixtures("folder")
def test_texts_are_embedded_once() -> None:
    """A second process does not embed them."""
    first, second = embed_kept(CountingEmbedder(), TEXTS), CountingEmbedder()

    assert np.array_equal(embed_kept(second, TEXTS), first)
    assert second.calls == 0


@pytest.mark.usefixtures("folder")
def test_other_texts_and_other_models_have_their_own_vectors() -> None:
    """Old vectors are never used for new knowledge or a new model."""
    embed_kept(CountingEmbedder(), TEXTS)

    for embedder, texts in (
        (CountingEmbedder("2"), TEXTS),
        (CountingEmbedder(), TEXTS[::-1]),
        (CountingEmbedder(), ["milk"]),
    ):
        assert np.array_equal(embed_kept(embedder, texts), embedder.embed(texts))
        assert embedder.calls == 2


@pytest.mark.parametrize("damage", [b"", b"no numbers", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_replaced(folder: Path, damage: bytes) -> None:
    """The texts are embedded again, and the file is whole afterwards."""
    made = embed_kept(CountingEmbedder(), TEXTS)
    (file,) = folder.iterdir()
    file.write_bytes(damage)

    assert np.array_equal(embed_kept(CountingEmbedder(), TEXTS), made)
    assert np.array_equal(np.load(file), made)


def test_vectors_of_another_shape_are_not_used(folder: Path) -> None:
    """The file may be that of another program."""
    made = embed_kept(CountingEmbedder(), TEXTS)
    (file,) = folder.iterdir()
    np.save(file, np.zeros((1, 1), dtype=np.float32))

    assert np.array_equal(embed_kept(CountingEmbedder(), TEXTS), made)


def test_without_a_folder_texts_are_embedded(folder: Path) -> None:
    """Here a file is in the place of the folder."""
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("in the way")
    embedder = CountingEmbedder()

    assert embed_kept(embedder, TEXTS).shape == (2, 2)
    assert embedder.calls == 1


def test_no_unfinished_file_is_left(folder: Path) -> None:
    """The folder has nothing but the finished file."""
    embed_kept(CountingEmbedder(), TEXTS)

    assert [file.suffix for file in folder.iterdir()] == [".npy"]
