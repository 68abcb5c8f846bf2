"""Prepared photos are level, cropped, limited in size, and have print of one height."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.local.receipt_image import DrawnReceipt, draw_receipt
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.strips import strips
from worker.pipeline.ocr.photo.letters import find_letters
from worker.pipeline.ocr.photo.paper import Corners, find_paper
from worker.pipeline.ocr.photo.prepare import prepare

TABLE = (110, 80, 60)


def drawn(scale: float = 1.0) -> Image.Image:
    """Draw a receipt on white at a scale."""
    image = draw_receipt(DrawnReceipt())
    return image.resize((round(image.width * scale), round(image.height * scale)))


def pixels(image: Image.Image) -> Pixels:
    """Convert an image to RGB pixels."""
    return np.asarray(image.convert("RGB"))


def paper_of(image: Pixels) -> Corners | None:
    """Find the corners of the paper in an image."""
    return find_paper(image, find_letters(image))


def noise(height: int, width: int, seed: int) -> Pixels:
    """Return an image of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@settings(deadline=None, max_examples=8)
@given(st.integers(min_value=-80, max_value=90))
def test_rows_come_out_level(degrees: int) -> None:
    """Rows may still be upside down, which only reading shows."""
    photo = drawn(1.5).rotate(
        -degrees, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC
    )

    assert find_letters(pixels(photo)).direction() == pytest.approx(degrees, abs=1)
    assert abs(find_letters(prepare(pixels(photo)).page.pixels).direction()) < 1


@pytest.mark.parametrize("scale", [0.6, 1.0, 3.0])
def test_print_comes_out_in_one_size(scale: float) -> None:
    """A scan at 600 dots per inch takes no longer than one at 150."""
    image = prepare(pixels(drawn(scale))).page

    assert find_letters(image.pixels).height == pytest.approx(18, abs=2)


def test_shadows_are_lifted() -> None:
    """The paper is about equally bright everywhere, and print stays dark."""
    lit = (
        pixels(drawn(1.5)).astype(float)
        * np.linspace(0.3, 1, 200).repeat(99)[: drawn(1.5).width, None]
    )

    image = prepare(np.asarray(lit, np.uint8)).page.pixels

    paper = np.median(image, axis=(0, 2))
    assert paper.max() - paper.min() < 30
    assert image.min() < 100


def test_the_image_is_cropped_to_the_print() -> None:
    """A scan also shows the glass beside the receipt."""
    page = Image.new("RGB", (2000, 3000), "white")
    page.paste(drawn(), (900, 200))

    height, width = prepare(pixels(page)).page.pixels.shape[:2]

    assert width < 1.2 * drawn().width
    assert height < 1.2 * drawn().height


def test_paper_is_found_by_its_corners() -> None:
    """On a darker ground, the corners are right to a few pixels."""
    photo = Image.new("RGB", (1500, 2000), TABLE)
    photo.paste(drawn(), (300, 400))

    corners = paper_of(pixels(photo))

    assert corners is not None
    right, bottom = 300 + drawn().width, 400 + drawn().height
    expected = [(300, 400), (right, 400), (right, bottom), (300, bottom)]
    assert np.abs(corners - np.array(expected)).max() < 25


sides = st.integers(1, 90) | st.integers(1, 3600)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 90), sides, st.integers(min_value=0))
def test_any_image_can_be_prepared(height: int, width: int, seed: int) -> None:
    """Even noise of any shape gives an image of a size that can be read."""
    image = noise(height, width, seed)

    assert 0 < prepare(image).page.pixels.size < 20_000_000
    assert 0 < prepare(np.ascontiguousarray(image.swapaxes(0, 1))).page.pixels.size < 20_000_000


@pytest.mark.parametrize("ground", ["white", "black", TABLE])
def test_no_paper_is_found_in_a_blank_image(ground: str | tuple[int, int, int]) -> None:
    """The image keeps its shape."""
    image = pixels(Image.new("RGB", (400, 300), ground))

    assert paper_of(image) is None
    assert prepare(image).page.pixels.shape == image.shape


def test_paper_that_fills_the_image_is_left_as_it_is() -> None:
    """A scan shows only paper, whose corners are those of the image."""
    assert paper_of(pixels(drawn())) is None


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 20_000), st.integers(min_value=0))
def test_strips_add_up_to_the_page(height: int, width: int, most: int, seed: int) -> None:
    """Strips are in order, and each is within its limit."""
    page = noise(height, width, seed)

    parts = list(strips(page, most))

    assert np.array_equal(np.concatenate([part for _, part in parts]), page)
    assert [top for top, _ in parts] == list(np.cumsum([0, *(len(p) for _, p in parts[:-1])]))
    assert all(part.size <= 3 * max(most, width) for _, part in parts)


def test_strips_are_cut_between_rows() -> None:
    """A row that is cut would be read in two halves."""
    page = pixels(drawn(2))
    blank = (page == 255).all(axis=(1, 2))

    tops = [top for top, _ in strips(page, page.shape[1] * 300)]

    assert len(tops) > 3
    assert blank[tops[1:]].all()
