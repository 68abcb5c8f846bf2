"""Lines are cut out of pages along their slope, and made black on white."""

import numpy as np
from PIL import Image

from tests.worker.pipeline.ocr.test_prepare import drawn, pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.photo.prepare import Prepared, prepare
from worker.pipeline.ocr.placing import Placed
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.second_look.cutting import cut_line, reworded, stretched


def test_a_line_is_cut_out_of_the_finer_print(engine: OcrEngine) -> None:
    """The piece can be read, and is higher than the line on the page."""
    page = prepare(pixels(drawn(2.5)))
    lines = engine.read(page.page.pixels)
    line = next(line for line in lines if "TOTAL" in line.text)

    piece = cut_line(page, line.words)

    assert piece.shape[0] > 1.3 * line.height
    assert engine.read_line(piece)[0].split() == line.text.split()


def test_a_page_has_no_finer_print_than_its_image() -> None:
    """Small print is not kept twice, and large print only as far as it helps."""
    assert prepare(pixels(drawn(0.6))).fine is None
    page = prepare(pixels(drawn(4)))

    assert page.fine is not None
    finer = page.fine.shape[0] / page.page.pixels.shape[0]
    assert 1.5 < finer < 1.8
    turned = page.quarter_turned(1)
    assert turned.fine is not None
    assert turned.fine.shape == page.fine.shape[::-1]


def test_light_print_on_a_dark_ground_is_turned_round(engine: OcrEngine) -> None:
    """A faint inverted line is as black on white as any other."""
    dim = (90 - pixels(drawn()) // 6).astype(np.uint8)
    line = next(line for line in engine.read(pixels(drawn())) if "TOTAL" in line.text)

    piece = stretched(cut_line(Prepared(Placed.same(dim)), line.words))

    assert np.median(piece) == 255
    assert piece.min() == 0


def test_a_piece_of_any_size_is_cut() -> None:
    """A box may reach beyond the page, or have no width."""
    page = Prepared(Placed.same(pixels(Image.new("RGB", (50, 30), "white"))))
    for left, top, right, bottom in (-20, -5, 80, 60), (10, 10, 10, 10), (49, 29, 50, 30):
        piece = cut_line(page, [Word("", left, top, right, bottom, 0.0)])
        assert min(piece.shape[:2]) >= 4
        assert stretched(piece).shape == piece.shape


def test_other_words_have_the_place_of_the_line() -> None:
    """Words keep their boxes if there are as many; otherwise each has its share of the width."""
    line = TextLine((Word("ab", 0, 5, 20, 15, 0.5), Word("c", 90, 5, 100, 15, 0.5)))

    same = reworded(line, "xy z", 0.9)
    other = reworded(line, "xy z 1234", 0.9)

    assert [(word.left, word.right) for word in same.words] == [(0, 20), (90, 100)]
    assert same.text == "xy z"
    assert [word.text for word in other.words] == ["xy", "z", "1234"]
    assert (other.words[0].left, other.words[-1].right) == (0, 100)
    assert all(a.right < b.left for a, b in zip(other.words, other.words[1:], strict=False))
