"""A second look finds what the first one lost, and changes nothing else.

A reading of a drawn receipt is damaged as an engine damages one, and its pages are looked at again.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.contracts.receipts.requests import NO_HINTS
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import UprightPage
from worker.pipeline.ocr.pages import Recognition, load_pages
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.receipt import ReceiptReading, see, understand
from worker.pipeline.second_look.changes import Change, changed
from worker.pipeline.stages import Stage, StageRecorder

DRAWN = DrawnReceipt()
Damage = Callable[[TextLine], TextLine | None]


@pytest.fixture(scope="module")
def seen(engine: OcrEngine) -> Recognition:
    """Return what the engine reads of a receipt in large print."""
    image = draw_receipt(DRAWN)
    large = image.resize((image.width * 2, image.height * 2))
    return see(encode(large), engine, 40_000_000, StageRecorder(), load_pages)


def damaged(seen: Recognition, damage: Damage) -> Recognition:
    """Return the reading with each line changed, or left out where `damage` returns None."""
    (page,) = seen.pages
    lines = [line for each in page.lines if (line := damage(each))]
    return replace(seen, pages=[replace(page, lines=lines)])


def misread(old: str, new: str) -> Damage:
    """Return a damage that puts other letters into lines."""

    def damage(line: TextLine) -> TextLine:
        words = tuple(
            replace(word, text=word.text.replace(old, new), confidence=0.7) for word in line.words
        )
        return TextLine(words) if old in line.text else line

    return damage


def lost(text: str) -> Damage:
    """Return a damage after which the detector has not found a line."""
    return lambda line: None if text in line.text else line


def look(seen: Recognition, engine: OcrEngine) -> tuple[ReceiptReading, list[Stage]]:
    """Read the receipt, and return the stages that are about the second look."""
    recorder = StageRecorder()
    _, reading = understand(seen, engine, recorder, NO_HINTS)
    return reading, [stage for stage in recorder.stages if stage.name == "ocr.second_look"]


def test_a_receipt_that_adds_up_is_read_once(seen: Recognition, engine: OcrEngine) -> None:
    """There is nothing to gain."""
    reading, stages = look(seen, engine)

    assert reading.extraction.reconciled
    assert not stages


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lost("3.20"), id="a price that was not found"),
        pytest.param(misread("5", "S"), id="letters among digits"),
        pytest.param(misread("6.49", "2.11"), id="digits that were misread"),
    ],
)
def test_what_is_read_again_makes_the_sum_close(
    seen: Recognition, engine: OcrEngine, damage: Damage
) -> None:
    """The prices are those that are printed, and the stage says what was done."""
    reading, [stage] = look(damaged(seen, damage), engine)

    assert reading.extraction.reconciled
    prices = [item.total_price for item in reading.extraction.line_items]
    assert prices == [item.price for item in DRAWN.items]
    assert 0 < stage.attributes["changes"] <= stage.attributes["pieces"]


def test_a_date_is_read_again(seen: Recognition, engine: OcrEngine) -> None:
    """The sums close already, so that nothing else is changed."""
    reading, [stage] = look(damaged(seen, misread("14/03", "14C03")), engine)

    assert reading.extraction.date.value == "2026-03-14"
    assert reading.extraction.reconciled
    assert stage.attributes["changes"] == 1


def test_without_a_gain_the_first_reading_stays(seen: Recognition, engine: OcrEngine) -> None:
    """The print is misread both times alike, here since the pages are blank by now."""
    first = damaged(seen, misread("4.30", "4.80"))
    (page,) = first.pages
    assert isinstance(page, UprightPage)
    page.pixels[:] = 255
    blank = replace(first, pages=[replace(page, upright=replace(page.upright, fine=None))])
    reading, [stage] = look(blank, engine)

    assert stage.attributes["changes"] == 0
    assert "4.80" in reading.extraction.raw_ocr_text


def test_two_words_of_one_line_change(seen: Recognition) -> None:
    """Each change has one word that was completed, and the other words as they were."""
    number, line = next(
        (at, line) for at, line in enumerate(seen.pages[0].lines) if len(line.words) > 1
    )
    first, *rest, last = line.words
    changes = [
        Change(0, number, TextLine((replace(first, text="1.10"), *rest, last)), completes=True),
        Change(0, number, TextLine((first, *rest, replace(last, text="2.20"))), completes=True),
    ]

    words = changed(seen, changes).pages[0].lines[number].words
    assert (words[0].text, words[1:-1], words[-1].text) == ("1.10", tuple(rest), "2.20")
