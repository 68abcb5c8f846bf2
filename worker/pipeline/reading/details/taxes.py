"""Finds the rows about taxes; arithmetic shows which of their columns is which, not headings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import permutations

from shared.contracts.receipts.sums import TaxLine
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.ocr.text import Word
from worker.pipeline.reading.details.sheet import Sheet, amount_words, confidence, words_of
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import Amount, find_amounts

_PERCENT = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%|%\s?(\d{1,2})(?![\d.,%])")
_HIGHEST = 35
# What rounding item by item may add up to.
_PART, _LEAST = Decimal("0.02"), Decimal("0.03")
_PROVED, _AGREED, _ALONE = 0.97, 0.93, 0.85
_NEVER = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT, RowKind.CHANGE, RowKind.NOTE})


@dataclass(frozen=True)
class _Tax:
    """A row about a tax, or two, and what its amounts are. `trust` is how sure that is."""

    rows: tuple[ReadRow, ...]
    trust: float
    rate: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None

    @property
    def known(self) -> set[tuple[str, Decimal]]:
        """The amounts by name."""
        named = (("net", self.net), ("tax", self.tax), ("gross", self.gross))
        return {(name, amount) for name, amount in named if amount is not None}

    def repeats(self, other: "_Tax") -> bool:
        """Return whether another row says the same and more, or says it in the same words."""
        same = self.rate in (other.rate, None) and self.known <= other.known
        if self.rows == other.rows:
            return False
        return same and (self.known < other.known or _words(self) == _words(other))


def tax_lines(sheet: Sheet) -> list[TaxLine]:
    """Return the rows about taxes, from top to bottom, each once."""
    rows = sheet.around
    rated = [tax for at in range(len(rows)) for tax in _rated(rows, at, sheet.total)]
    rated = _paired(rated)
    found = rated or _unrated(sheet, rows)
    kept = [
        tax
        for at, tax in enumerate(found)
        if not any(tax.repeats(other) for other in found[:at])
        and not any(tax.known < other.known and tax.repeats(other) for other in found[at:])
    ]
    return [_line(sheet, tax) for tax in kept]


def _rated(rows: Sequence[ReadRow], at: int, total: Decimal | None) -> Iterator[_Tax]:
    """Yield the taxes of a row that has a rate."""
    row = rows[at]
    rate, others = _rate(row, find_amounts(row.text))
    if rate is None or not others or any(amount.value < 0 for amount in others):
        return
    values = [amount.value for amount in others]
    solved = next(_solutions(rate, values), None)
    if len(values) < 3 and row.kind in _NEVER and not _names_a_tax(row):
        return
    if solved:
        yield replace(solved, rows=(row,))
    elif _is_halved(rate, values):
        half = _Tax((row,), _PROVED, rate / 2, net=values[0], tax=values[1])
        yield from (half, replace(half, trust=_PROVED - 0.01))
    elif len(values) == 1 and (row.kind is RowKind.TAX or _names_a_tax(row)):
        yield _alone(rows, at, rate, values[0], total)


def _alone(
    rows: Sequence[ReadRow], at: int, rate: Decimal, tax: Decimal, total: Decimal | None
) -> _Tax:
    """Return a tax with one amount, with the net or gross amount of a row beside it if one fits."""
    found = _Tax((rows[at],), _ALONE, rate, tax=tax)
    beside = [*rows[max(at - 1, 0) : at], *rows[at + 1 : at + 2]]
    for other in (row for row in beside if row.kind not in _NEVER or _names_a_tax(row)):
        values = [other.amount.value, tax] if other.amount else []
        solved = next(_solutions(rate, values), None)
        if solved and solved.tax == tax:
            return replace(solved, rows=(rows[at], other))
    if total is not None and _is_near(tax, total * rate / (100 + rate)):
        return replace(found, trust=_AGREED)
    return found


def _rate(row: ReadRow, amounts: Sequence[Amount]) -> tuple[Decimal | None, Sequence[Amount]]:
    """Return the rate of a row, and its other amounts. A rate may lack its sign in a table."""
    percent = _PERCENT.search(row.text)
    if percent:
        begin, end = percent.span()
        others = [amount for amount in amounts if amount.end <= begin or end <= amount.start]
        rate = Decimal((percent[1] or percent[2]).replace(",", "."))
        return (rate if 0 < rate <= _HIGHEST else None), others
    if len(amounts) not in (3, 4) or not 0 < amounts[0].value <= _HIGHEST:
        return None, amounts
    values = [amount.value for amount in amounts]
    if any(_solutions(values[0], values[1:])):
        return values[0], amounts[1:]
    return None, amounts


def _solutions(rate: Decimal, values: Sequence[Decimal]) -> Iterator[_Tax]:
    """Yield what amounts may be so that they agree with the rate."""
    if len(values) == 3:
        yield from (
            _Tax((), _PROVED, rate, net, tax, gross)
            for net, tax, gross in permutations(values)
            if net + tax == gross and _is_near(tax, net * rate / 100)
        )
    if len(values) == 2:
        tax, taxed = sorted(values)
        if _is_near(tax, taxed * rate / 100):
            yield _Tax((), _AGREED, rate, net=taxed, tax=tax)
        if _is_near(tax, taxed * rate / (100 + rate)):
            yield _Tax((), _AGREED, rate, tax=tax, gross=taxed)


def _is_halved(rate: Decimal, values: Sequence[Decimal]) -> bool:
    """Return whether a row has a net amount and two halves of its tax, as in India."""
    return (
        len(values) in (3, 4)
        and values[1] == values[2]
        and _is_near(2 * values[1], values[0] * rate / 100)
    )


def _is_near(tax: Decimal, expected: Decimal) -> bool:
    return tax > 0 and abs(tax - expected) <= max(_LEAST, _PART * expected)


def _paired(taxes: Sequence[_Tax]) -> list[_Tax]:
    """Join a row with the amount that is taxed and the next one with the tax on it."""
    joined: list[_Tax] = []
    for tax in taxes:
        last = joined[-1] if joined else None
        if last and last.rate == tax.rate and len(last.known) == len(tax.known) == 1:
            values = [last.tax or Decimal(0), tax.tax or Decimal(0)]
            solved = next(_solutions(tax.rate or Decimal(0), values), None)
            if solved:
                joined[-1] = replace(solved, rows=(*last.rows, *tax.rows))
                continue
        joined.append(tax)
    return joined


def _unrated(sheet: Sheet, rows: Sequence[ReadRow]) -> list[_Tax]:
    """Return the taxes of rows without a rate, but not the sum of the others."""
    total = sheet.total or Decimal(0)
    amounts = [(row, row.amount.value) for row in rows if row.amount]
    found = [(row, tax) for row, tax in amounts if _is_unrated(row, tax, total)]
    found = _without_sum(found)
    subtotals = {amount for row, amount in amounts if row.kind is RowKind.SUBTOTAL}
    trust = _PROVED if total - sum(tax for _, tax in found) in subtotals else _ALONE
    return [_Tax((row,), trust, tax=tax) for row, tax in found]


def _without_sum(found: list[tuple[ReadRow, Decimal]]) -> list[tuple[ReadRow, Decimal]]:
    """Leave out the row with the sum of the others."""
    whole = sum(tax for _, tax in found)
    return [(row, tax) for row, tax in found if len(found) <= 2 or 2 * tax != whole]


def _is_unrated(row: ReadRow, tax: Decimal, total: Decimal) -> bool:
    """Return whether a row is about a tax of a likely size and has no other amount."""
    is_tax = row.kind is RowKind.TAX or (row.kind is None and _names_a_tax(row))
    return is_tax and 0 < tax * 100 <= total * _HIGHEST and len(find_amounts(row.text)) == 1


def _line(sheet: Sheet, tax: _Tax) -> TaxLine:
    words = [word for row in tax.rows for word in _number_words(row)]
    return TaxLine(
        rate=tax.rate,
        net=tax.net,
        tax=tax.tax,
        gross=tax.gross,
        confidence=confidence(words, tax.trust),
        boxes=sheet.boxes(words),
    )


def _number_words(row: ReadRow) -> list[Word]:
    """Return the words of the rate and of the amounts of a row."""
    percent = _PERCENT.search(row.printed)
    rate = words_of(row, *percent.span()) if percent else []
    amounts = [word for amount in find_amounts(row.text) for word in amount_words(row, amount)]
    return [*rate, *(word for word in amounts if word not in rate)]


def _names_a_tax(row: ReadRow) -> bool:
    return bool(_tax_name().search(row.printed))


def _words(tax: _Tax) -> str:
    return re.sub(r"[\W\d_]+", "", " ".join(row.printed for row in tax.rows)).lower()


@cache
def _tax_name() -> re.Pattern[str]:
    names = any_of(vocabulary().taxes.names)
    return re.compile(rf"(?<![^\W\d_]){names}(?![^\W\d_])", re.IGNORECASE)
