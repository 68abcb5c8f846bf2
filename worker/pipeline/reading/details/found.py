"""Finds where a field was printed that was read without its place."""

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from worker.pipeline.ocr.text import Word
from worker.pipeline.reading.details.sheet import Sheet, Span, amount_words
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

# The most words of a date, and the most rows that a name is in.
_WORDS, _ROWS = 6, 3
_ALIKE = 0.6


def spans_of(rows: Sequence[ReadRow], is_it: Callable[[str], bool]) -> list[Span]:
    """Return in each row that has it the fewest words for which `is_it` holds."""
    return [span for row in rows if is_it(row.printed) for span in _fewest(row, is_it)]


def total_words(sheet: Sheet) -> Sequence[Word]:
    """Return the words of the total's amount, where it is called so if it is printed repeatedly."""
    rows = [row for row in sheet.rows if row.amount and row.amount.value == sheet.total]
    called = [row for row in rows if row.kind is RowKind.TOTAL]
    outside = [row for row in rows if row in sheet.footer]
    row = next(iter(called[-1:] or outside or rows), None)
    return amount_words(row) if row else []


def merchant_words(sheet: Sheet, name: str) -> Sequence[Word]:
    """Return the words of the row or rows of the header that are most like the name."""
    wanted = _squeezed(name)
    rows = sheet.header or sheet.rows[:_ROWS]
    scored = [
        (SequenceMatcher(None, wanted, _squeezed(text), autojunk=False).ratio(), -at, count)
        for at in range(len(rows))
        for count in range(1, _ROWS + 1)
        for text in [" ".join(row.printed for row in rows[at : at + count])]
    ]
    if not scored:
        return []
    alike, at, count = max(scored, key=lambda score: (score[0], -score[2], score[1]))
    found = rows[-at : -at + count]
    if alike < _ALIKE and not any(wanted in _squeezed(row.printed) for row in found):
        return []
    return [word for row in found for word in row.line.words if _has_part(word, wanted)]


def _has_part(word: Word, wanted: str) -> bool:
    """Return whether most letters of a word are in the name."""
    letters = _squeezed(word.text)
    same = SequenceMatcher(None, wanted, letters, autojunk=False).find_longest_match()
    return bool(letters) and same.size * 2 > len(letters)


def _squeezed(text: str) -> str:
    return "".join(letter for letter in folded(text) if letter.isalnum())


def _fewest(row: ReadRow, is_it: Callable[[str], bool]) -> Iterator[Span]:
    words = row.printed.split(" ")
    begins = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
    for count in range(1, _WORDS + 1):
        for at in range(len(words) - count + 1):
            text = " ".join(words[at : at + count])
            if is_it(text):
                yield Span(row, begins[at], begins[at] + len(text))
                return
