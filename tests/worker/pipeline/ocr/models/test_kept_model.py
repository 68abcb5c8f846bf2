"""The int8 model on disk: made once, never used when it is stale or damaged."""

from pathlib import Path

import numpy as np
import pytest
from rapidocr.ch_ppocr_rec.typings import TextRecInput

from shared.errors import EngineUnavailable
from worker.pipeline.ocr.engines.line_reader import LineReader
from worker.pipeline.ocr.engines.rapid import RapidEngine
from worker.pipeline.ocr.models.drawn_lines import drawn_lines
from worker.pipeline.ocr.models.kept_model import kept_path, load_kept_model, make_model
from worker.pipeline.ocr.models.sessions import session_of
from worker.pipeline.ocr.models.wheel_model import recognition_model


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the model would be kept, in a folder that does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = kept_path()
    assert found is not None
    return found


@pytest.mark.slow
def test_the_model_is_made_once_and_reads_what_the_other_reads(path: Path) -> None:
    """Both read lines that had no part in making the model, and are about as sure of them."""
    assert make_model() == path
    made = path.stat()
    assert make_model() == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert list(path.parent.iterdir()) == [path]

    content = load_kept_model().content
    assert content is not None
    images = [
        (line[0].transpose(1, 2, 0) * 127 + 128).astype(np.uint8) for line in drawn_lines(8, 100)
    ]
    exact = LineReader(session_of(str(recognition_model())))(TextRecInput(img=images))
    quick = LineReader(session_of(content))(TextRecInput(img=images))
    assert exact.txts is not None
    assert quick.txts is not None
    same = [a == b for a, b in zip(exact.txts, quick.txts, strict=True)]
    assert sum(same) >= 7
    assert np.abs(np.subtract(exact.scores, quick.scores)).mean() < 0.05


def test_without_the_model_receipts_are_read_with_the_other(path: Path) -> None:
    """The version in every result says which model read it."""
    kept = load_kept_model()

    assert kept.content is None
    assert str(path.parent) in str(kept.problem)
    assert "grocery-ai models" in str(kept.problem)
    assert RapidEngine().version.endswith("small")


@pytest.mark.parametrize("content", [b"", b"short", bytes(1000)], ids=["empty", "cut", "zeros"])
def test_a_damaged_model_is_never_used(path: Path, content: bytes) -> None:
    """A crash may leave zeros where a file was being written."""
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    assert load_kept_model().content is None
    assert "damaged" in str(load_kept_model().problem)


def test_a_path_that_cannot_be_read_is_a_problem_and_no_error(path: Path) -> None:
    """Somebody may have made a folder of that name."""
    path.mkdir(parents=True)

    assert load_kept_model().content is None
    assert "cannot be read" in str(load_kept_model().problem)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, path: Path) -> None:
    """The command fails with a sentence that says what to do."""
    (tmp_path / "cache").write_text("a file where the folder should be")

    with pytest.raises(EngineUnavailable, match="XDG_CACHE_HOME"):
        make_model()
    assert not path.exists()
