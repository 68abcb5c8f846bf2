"""Lines that the recogniser reads one by one, with the models that workers use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from rapidocr.ch_ppocr_rec.typings import TextRecInput

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.line_reader import LineReader, padded_width, prepared_line
from worker.pipeline.ocr.models.sessions import session_of
from worker.pipeline.ocr.models.wheel_model import recognition_model


def printed(text: str) -> Pixels:
    """Draw a line of print, cropped as the detector crops it."""
    font = ImageFont.load_default(24)
    image = Image.new("RGB", (int(font.getlength(text)) + 12, 34), "white")
    ImageDraw.Draw(image).text((6, 3), text, "black", font)
    return np.asarray(image)


@pytest.fixture(scope="module")
def reader() -> LineReader:
    """Return a reader with the model of the wheel."""
    return LineReader(session_of(str(recognition_model())))


def test_lines_are_read_in_their_order_with_their_words(reader: LineReader) -> None:
    """The words of a line are where the decoder found them."""
    texts = ["TOTAL 12.34", "7", "Organic Whole Milk 3.85"]

    found = reader(TextRecInput(img=[printed(text) for text in texts], return_word_box=True))

    assert found.txts == tuple(texts)
    assert min(found.scores) > 0.9
    words = [["".join(word) for word in line.words] for line in found.word_results]  # type: ignore[attr-defined]
    assert words == [text.split() for text in texts]


@given(st.integers(1, 2000), st.integers(1, 200))
def test_the_whole_line_and_the_blank_after_it_fit(width: int, height: int) -> None:
    """A short line gets fewer columns than the 320 of the library."""
    columns = padded_width(width, height)

    assert columns % 32 == 0
    assert columns == 256 or 32 <= columns - 48 * width / height < 64
    assert columns - 48 * width / height >= 32


def test_the_padding_is_neutral() -> None:
    """The model was trained with zeros after the line."""
    prepared = prepared_line(printed("9.99"))

    assert np.abs(prepared).max() <= 1
    assert not prepared[..., -32:].any()


def test_only_given_letters_are_read(reader: LineReader) -> None:
    """In a column of prices, a round letter is a zero."""
    text, confidence = reader.read_line(printed("4.OO"), "0123456789.")

    assert text == "4.00"
    assert 0 < confidence <= 1
    assert reader.read_line(printed("Milk"))[0] == "Milk"
