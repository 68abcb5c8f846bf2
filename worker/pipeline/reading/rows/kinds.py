"""Finds the kind of a row by the label before its last number."""

import re
from functools import cache, lru_cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.reading.rows.labels import (
    RowKind,
    ends_with_tax,
    label_rules,
    nearly_a_label,
    taxed_at_a_rate,
)

# A letter in brackets: (G)ST.
_SET_APART = re.compile(r"\((\w)\)")
_PERCENT = re.compile(r"\(?@?\s*\d{1,2}(?:[.,]\d{1,3})?\s?%\)?")
# An aside before the label: (EXCLUDED GST) SUB TOTAL.
_ASIDE = re.compile(r"^\W*\([^()]*\)\s*")
# Numbers separate the labels of a row: "Item Count 4 Change Amt 7.50" has two.
_NUMBER = re.compile(r"(?:RM\s?)?[-.,\d]*\d[-.,\d*x]*", re.IGNORECASE)
# Stray glyphs around a label: `| Grand Total`, `= TOTAL`, `*TOTAL*`.
_AROUND = re.compile(r"^[\W_]+|[^\w'%]+$|_+$")

# The quantity of an item: Qty 2 @ 1.50, 1 qty @ 2 / 5.00.
_COUNT_AND_PRICE = re.compile(
    r"^\W*(?:[^\W\d_]{1,5}\W{1,2})?\d{1,3}\s(?:[^\W\d_]{1,5}\.?\s)?@\s?\D{0,3}\d"
)


# Receipts are read several times with most of their rows unchanged.
@lru_cache(maxsize=2048)
def row_kind(text: str, end: int | None = None) -> RowKind | None:
    """Return the kind of a row, or None if no word decides it. `end` is where its amount begins."""
    if _is_heading(text):
        return RowKind.HEADING
    if _count_of_items().match(text):
        return RowKind.COUNT
    labels = _labels(text, end)
    for kind, words in label_rules():
        if labels and words.match(labels[-1]):
            return kind
    if taxed_at_a_rate().search(text) or (labels and ends_with_tax().match(labels[0])):
        return RowKind.TAX
    # `Total Sales (Incl. 6% GST) 5.00`: the last label may be a remark about the first.
    if _opens_with_total().match(text):
        return RowKind.TOTAL
    return nearly_a_label(_words_before(text, end)) if end else None


def _words_before(text: str, end: int) -> str:
    """Return the words before an amount, without the currency."""
    words = re.sub(rf"\s{beside_amounts()}$", "", text[:end].rstrip(" :"), flags=re.IGNORECASE)
    return _AROUND.sub("", words)


def _labels(text: str, end: int | None) -> list[str]:
    """Return the words before, between and behind the numbers of a row up to `end`."""
    if _COUNT_AND_PRICE.search(text):
        return []
    text = _PERCENT.sub(" ", _SET_APART.sub(r"\1", text[:end]))
    text = _ASIDE.sub("", text) or text
    parts = _NUMBER.split(_counted().sub(" ", text))
    labels = [_AROUND.sub("", " ".join(part.split())) for part in parts]
    return [label for label in labels if len(label) > 1]


def _is_heading(text: str) -> bool:
    """Return whether a row has two words or more, all of them headings of columns.

    `TOTAL EUR` is a label all the same.
    """
    words = re.findall(r"\w+(?:\s?ions?\b)?", text)
    return (
        len(words) > 1
        and all(_heading().fullmatch(word) for word in words)
        and not all(_of_a_total().fullmatch(word) for word in words)
    )


@cache
def _heading() -> re.Pattern[str]:
    return re.compile(any_of(vocabulary().headings.columns), re.IGNORECASE)


@cache
def _of_a_total() -> re.Pattern[str]:
    return re.compile(any_of(vocabulary().headings.of_totals), re.IGNORECASE)


@cache
def _opens_with_total() -> re.Pattern[str]:
    return re.compile(rf"\W*{any_of(vocabulary().labels.total.opens)}\b", re.IGNORECASE)


@cache
def _counted() -> re.Pattern[str]:
    """Match a count of items between a label and its amount: `TOTAL 5 ARTICLES 7.89`."""
    words = any_of(vocabulary().counts.words)
    return re.compile(rf"\(?\b\d{{1,3}}\s?{words}\b\.?\)?", re.IGNORECASE)


@cache
def _count_of_items() -> re.Pattern[str]:
    """Match `ITEMS SOLD 5`, but not `ITEM 4066`, where the number is a code."""
    counts = vocabulary().counts
    return re.compile(
        rf"\W*{any_of(counts.labels)}\W{{0,3}}\d{{1,3}}\b\W*{any_of(counts.words)}?\W*$",
        re.IGNORECASE,
    )
