"""Rows are built from boxes, even if the photo is tilted and the engine has cut a row in two."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.rows.building import build_rows

HEIGHT = 20.0


def line(text: str, left: float, middle: float) -> TextLine:
    """Return a line of words with ten pixels per letter."""
    words = []
    for word in text.split():
        right = left + 10 * len(word)
        words.append(Word(word, left, middle - HEIGHT / 2, right, middle + HEIGHT / 2, 0.9))
        left = right + 10
    return TextLine(tuple(words))


def turned(upright: TextLine, angle: float) -> TextLine:
    """Turn a line around the origin by an angle in radians, as in a tilted photo."""

    def turn(word: Word) -> Word:
        x, y = (word.left + word.right) / 2, word.middle
        x, y = (
            x * math.cos(angle) - y * math.sin(angle),
            x * math.sin(angle) + y * math.cos(angle),
        )
        half = (word.right - word.left) / 2
        return Word(word.text, x - half, y - HEIGHT / 2, x + half, y + HEIGHT / 2, 0.9)

    return TextLine(tuple(turn(word) for word in upright.words))


def sloped(level: TextLine, slope: float) -> TextLine:
    """Move each word down by `slope` times its distance from the left edge."""

    def lower(word: Word) -> Word:
        down = slope * (word.left + word.right) / 2
        return Word(word.text, word.left, word.top + down, word.right, word.bottom + down, 0.9)

    return TextLine(tuple(lower(word) for word in level.words))


PRINTED = [("Organic whole milk", "1.85"), ("Sourdough bread", "3.20"), ("Dish soap", "1.60")]


@given(
    st.floats(min_value=-0.06, max_value=0.06),
    st.permutations(range(2 * len(PRINTED))),
)
def test_names_share_a_row_with_their_prices(angle: float, order: list[int]) -> None:
    """The pieces come in any order, at angles up to three and a half degrees."""
    pieces = []
    for index, (name, price) in enumerate(PRINTED):
        middle = 100 + index * 30
        pieces += [line(name, 20, middle), line(price, 500, middle)]
    shuffled = [turned(pieces[index], angle) for index in order]

    assert [row.text for row in build_rows(shuffled)] == [f"{n} {p}" for n, p in PRINTED]


@given(st.floats(min_value=-0.15, max_value=0.15), st.floats(min_value=-0.15, max_value=0.15))
def test_names_share_a_row_with_their_prices_in_a_fan(top: float, bottom: float) -> None:
    """In a photo taken from the side each row has a slope of its own."""
    pieces, expected = [], []
    for index in range(20):
        slope, middle = top + (bottom - top) * index / 19, 200 + index * 30
        for text, left in ((f"Item number {index}", 0), (f"{index}.99", 420)):
            pieces.append(sloped(line(text, left, middle), slope))
        expected.append(f"Item number {index} {index}.99")

    assert [row.text for row in build_rows(pieces)] == expected


words = st.builds(
    lambda text, left, top, width, height: Word(text, left, top, left + width, top + height, 0.9),
    st.text(min_size=1, max_size=8), *[st.floats(0, 3000)] * 2, *[st.floats(1, 400)] * 2,
)  # fmt: skip


@given(
    st.lists(st.lists(words, min_size=1, max_size=5).map(lambda w: TextLine(tuple(w))), max_size=30)
)
def test_no_word_is_lost(lines: list[TextLine]) -> None:
    """The boxes may be at any place."""
    rows = build_rows(lines)

    read = sorted(word.text for row in rows for word in row.words)
    assert read == sorted(word.text for found in lines for word in found.words)


def test_rows_close_to_each_other_stay_apart() -> None:
    """The middles of these rows are only one height apart."""
    rows = build_rows([line("first row", 0, 100), line("second row", 0, 100 + HEIGHT)])

    assert [row.text for row in rows] == ["first row", "second row"]


def test_words_of_a_row_are_ordered_from_left_to_right() -> None:
    """The order in which they were found does not matter."""
    rows = build_rows([line("1.85", 500, 101), line("milk", 120, 100), line("whole", 20, 99)])

    assert [row.text for row in rows] == ["whole milk 1.85"]


@pytest.mark.parametrize("lines", [[], [line("alone", 5, 5)]])
def test_no_line_or_one_word_is_no_error(lines: list[TextLine]) -> None:
    """No slope can be estimated from so little text."""
    assert len(build_rows(lines)) == len(lines)
