"""Kinds of rows, and the labels that give them away.

A label is the words before a row's last number. The words are those of `knowledge/languages/`; this
module knows the order in which they are tried.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of


class RowKind(StrEnum):
    """What a row says, when it is not about a bought thing."""

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
    """Patterns for `match` on a label; the first that fits names the kind of its row."""
    labels, total = vocabulary().labels, vocabulary().labels.total
    return (
        # What was saved is only told, and is called a total as often as not.
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
        # What comes on top of the goods, and is not the state's.
        (RowKind.CHARGE, _contains(labels.charge.contains)),
        (RowKind.CHARGE, _exactly(labels.charge.exactly)),
        (RowKind.TAX, _begins_with_tax()),
        (RowKind.TAX, _begins(labels.tax.begins)),
        # `Total incl. GST` is a total, `Total GST` was a tax.
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
    """Matches a label that ends with the name of a tax, but `w/o tax`."""
    without = "".join(rf"(?<!{re.escape(word)} )" for word in vocabulary().taxes.without)
    ends = any_of(vocabulary().labels.tax.ends)
    return re.compile(rf".*(?<![^\W\d_]){without}{ends}\W*$", re.IGNORECASE)


@cache
def taxed_at_a_rate() -> re.Pattern[str]:
    """Finds the name of a tax and a rate behind it: `G=GST 5% 45.91`, `B:Taxable @7.8%`."""
    tax = any_of(vocabulary().taxes.names)
    return re.compile(rf"(?<![^\W\d_]){tax}(?![^\W\d_]).*\d\s?%", re.IGNORECASE)


def _begins_with_tax() -> re.Pattern[str]:
    """`incl. sales tax`, but not `GST incl.`, which follows the word for a total."""
    taxes = vocabulary().taxes
    return re.compile(
        rf"{any_of(taxes.before)}?\s*{any_of(taxes.names)}\b"
        rf"(?! *{any_of(taxes.behind)})(?![^\W\d_])",
        re.IGNORECASE,
    )


def _begins(phrases: Iterable[str]) -> re.Pattern[str]:
    """The label begins with one of these as whole words: `Balance Brot` is bread."""
    return re.compile(rf"{any_of(phrases)}(?![^\W\d_])", re.IGNORECASE)


def _exactly(phrases: Iterable[str]) -> re.Pattern[str]:
    """The label is one of these and at most a currency: for words that products have as well."""
    return re.compile(rf"{any_of(phrases)}\W*{beside_amounts()}?\W*$", re.IGNORECASE)


def _ends(phrases: Iterable[str]) -> re.Pattern[str]:
    """The label ends with one of these, whatever it is the total or the saving of."""
    return re.compile(rf".*(?<![^\W\d_]){any_of(phrases)}\W*$", re.IGNORECASE)


def _contains(phrases: Iterable[str]) -> re.Pattern[str]:
    """One of these stands somewhere in the label."""
    return re.compile(rf".*(?<![^\W_]){any_of(phrases)}(?![^\W_])", re.IGNORECASE)
