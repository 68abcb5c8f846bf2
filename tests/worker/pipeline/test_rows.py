"""Rows from boxes: also when the photo is tilted and an engine cut a row in two."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.rows import build_rows

HEIGHT = 20.0


def line(text: str, left: float, middle: float) -> TextLine:
    """A line of words of ten pixels a letter."""
    words = []
    for word in text.split():
        right = left + 10 * len(word)
        words.append(Word(word, left, middle - HEIGHT / 2, right, middle + HEIGHT / 2, 0.9))
        left = right + 10
    return TextLine(tuple(words))


def turned(one: TextLine, angle: float) -> TextLine:
    """As it would look on a tilted photo."""

    def turn(word: Word) -> Word:
        x, y = (word.left + word.right) / 2, word.middle
        x, y = (
            x * math.cos(angle) - y * math.sin(angle),
            x * math.sin(angle) + y * math.cos(angle),
        )
        half = (word.right - word.left) / 2
        return Word(word.text, x - half, y - HEIGHT / 2, x + half, y + HEIGHT / 2, 0.9)

    return TextLine(tuple(turn(word) for word in one.words))


PRINTED = [("Organic whole milk", "1.85"), ("Sourdough bread", "3.20"), ("Dish soap", "1.60")]


@given(
    st.floats(min_value=-0.06, max_value=0.06),
    st.permutations(range(2 * len(PRINTED))),
)
def test_names_meet_their_prices(angle: float, order: list[int]) -> None:
    """In whatever order the pieces come, up to three and a half degrees."""
    pieces = []
    for index, (name, price) in enumerate(PRINTED):
        middle = 100 + index * 30
        pieces += [line(name, 20, middle), line(price, 500, middle)]
    shuffled = [turned(pieces[index], angle) for index in order]

    assert [row.text for row in build_rows(shuffled)] == [f"{n} {p}" for n, p in PRINTED]


def test_rows_close_to_each_other_stay_apart() -> None:
    """Their middles are one height apart."""
    rows = build_rows([line("first row", 0, 100), line("second row", 0, 100 + HEIGHT)])

    assert [row.text for row in rows] == ["first row", "second row"]


def test_words_of_a_row_come_from_left_to_right() -> None:
    """Whatever was found first."""
    rows = build_rows([line("1.85", 500, 101), line("milk", 120, 100), line("whole", 20, 99)])

    assert [row.text for row in rows] == ["whole milk 1.85"]


@pytest.mark.parametrize("lines", [[], [line("alone", 5, 5)]])
def test_little_text(lines: list[TextLine]) -> None:
    """Nothing, or one word."""
    assert len(build_rows(lines)) == len(lines)
