"""The kinds of rows, and the patterns of their labels.

A label is the words before a row's last number. The words are in `knowledge/languages/`; this
module decides the order in which they are tried.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extractOne

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.words.folding import folded

# Shorter words are too much like others.
_LONG = 5


class RowKind(StrEnum):
    """What a row is about if it is not about an item."""

    TOTAL = "total"
    SUBTOTAL = "subtotal"
    TAX = "tax"
    CHARGE = "charge"
    ROUNDING = "rounding"
    PAYMENT = "payment"
    CHANGE = "change"
    COUNT = "count"
    NOTE = "note"
    HEADING = "heading"


@cache
def label_rules() -> tuple[tuple[RowKind, re.Pattern[str]], ...]:
    """Return patterns to `match` on a label; the first that fits decides the kind of its row."""
    labels, total = vocabulary().labels, vocabulary().labels.total
    return (
        # Savings are only a remark, but they are often called a total.
        (RowKind.NOTE, _contains(labels.note.contains)),
        (RowKind.NOTE, _begins(labels.note.begins)),
        (RowKind.NOTE, _exactly(labels.note.exactly)),
        (RowKind.NOTE, _ends(labels.note.ends)),
        (RowKind.COUNT, _begins(labels.count.begins)),
        (RowKind.COUNT, _exactly(labels.count.exactly)),
        (RowKind.ROUNDING, _begins(labels.rounding.begins)),
        (RowKind.ROUNDING, _exactly(labels.rounding.exactly)),
        (RowKind.CHANGE, _begins(labels.change.begins)),
        (RowKind.CHANGE, _exactly(labels.change.exactly)),
        (RowKind.SUBTOTAL, _contains(labels.subtotal.contains)),
        (RowKind.SUBTOTAL, _exactly(labels.subtotal.exactly)),
        # What is added to the price of the goods and is not a tax.
        (RowKind.CHARGE, _contains(labels.charge.contains)),
        (RowKind.CHARGE, _exactly(labels.charge.exactly)),
        (RowKind.TAX, _begins_with_tax()),
        (RowKind.TAX, _begins(labels.tax.begins)),
        # `Total incl. GST` is a total; `Total GST` has been matched as a tax above.
        (RowKind.TOTAL, _begins(total.begins)),
        (RowKind.TOTAL, _exactly(total.exactly)),
        (RowKind.TAX, ends_with_tax()),
        (RowKind.TAX, _exactly(labels.tax.exactly)),
        (RowKind.TOTAL, _contains(total.contains)),
        (RowKind.PAYMENT, _begins(labels.payment.begins)),
        (RowKind.PAYMENT, _contains(labels.payment.contains)),
        (RowKind.PAYMENT, _ends(labels.payment.ends)),
        (RowKind.PAYMENT, _exactly(labels.payment.exactly)),
    )


@cache
def ends_with_tax() -> re.Pattern[str]:
    """Return a pattern to `match` a label that ends with a tax, unless it is `w/o tax`."""
    without = "".join(rf"(?<!{re.escape(word)} )" for word in vocabulary().taxes.without)
    ends = any_of(vocabulary().labels.tax.ends)
    return re.compile(rf".*(?<![^\W\d_]){without}{ends}\W*$", re.IGNORECASE)


@cache
def taxed_at_a_rate() -> re.Pattern[str]:
    """Return a pattern to `search` for a tax with a rate: `G=GST 5% 45.91`, `B:Taxable @7.8%`."""
    tax = any_of(vocabulary().taxes.names)
    return re.compile(rf"(?<![^\W\d_]){tax}(?![^\W\d_]).*\d\s?%", re.IGNORECASE)


def names_a_discount(text: str) -> bool:
    """Return whether a text begins with a word for a discount: `Discount Visa Club -2.00`."""
    return bool(_begins_with_discount().match(text))


@cache
def _begins_with_discount() -> re.Pattern[str]:
    return re.compile(rf"\W*{any_of(vocabulary().discounts.begins)}\b", re.IGNORECASE)


def nearly_a_label(words: str) -> RowKind | None:
    """Return the kind of a label of which one letter was misread, as in `T0TAL` or `SUNME`.

    Only words that are long enough count, since `Cash` is nearly `Cake`.
    """
    if len(words) < _LONG or " " in words:
        return None
    near = extractOne(
        folded(words), _long_words().keys(), scorer=Levenshtein.distance, score_cutoff=1
    )
    return _long_words()[near[0]] if near else None


@cache
def _long_words() -> Mapping[str, RowKind]:
    """Return the single long words that are labels of a total or a sub-total."""
    labels = vocabulary().labels
    return {
        folded(phrase): kind
        for kind, words in ((RowKind.SUBTOTAL, labels.subtotal), (RowKind.TOTAL, labels.total))
        for phrase in (*words.exactly, *words.begins, *words.contains, "total")
        if phrase.isalpha() and len(phrase) >= _LONG
    }


def _begins_with_tax() -> re.Pattern[str]:
    """Match `incl. sales tax`, but not `GST incl.`, which follows the word for a total."""
    taxes = vocabulary().taxes
    return re.compile(
        rf"{any_of(taxes.before)}?\s*{any_of(taxes.names)}\b"
        rf"(?! *{any_of(taxes.behind)})(?![^\W\d_])",
        re.IGNORECASE,
    )


def _begins(phrases: Iterable[str]) -> re.Pattern[str]:
    """Match a label that begins with a phrase as whole words."""
    return re.compile(rf"{any_of(phrases)}(?![^\W\d_])", re.IGNORECASE)


def _exactly(phrases: Iterable[str]) -> re.Pattern[str]:
    """Match a phrase and at most a currency: `Balance` is a label, `Balance Brot` is bread."""
    return re.compile(rf"{any_of(phrases)}\W*{beside_amounts()}?\W*$", re.IGNORECASE)


def _ends(phrases: Iterable[str]) -> re.Pattern[str]:
    """Match a label that ends with a phrase."""
    return re.compile(rf".*(?<![^\W\d_]){any_of(phrases)}\W*$", re.IGNORECASE)


def _contains(phrases: Iterable[str]) -> re.Pattern[str]:
    """Match a label that has a phrase anywhere in it, as whole words."""
    return re.compile(rf".*(?<![^\W_]){any_of(phrases)}(?![^\W_])", re.IGNORECASE)
