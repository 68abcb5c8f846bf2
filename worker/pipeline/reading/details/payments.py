"""Finds how a receipt was paid. No more of a card's number is kept than its last four digits."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import combinations, islice

from shared.contracts.receipts.sums import Payment, PaymentMethod
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import whole
from worker.pipeline.reading.details.sheet import Sheet, Span, amount_words, confidence
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

# Digits behind what hides the others, `************1180`, and not before more groups of them.
_HIDDEN = re.compile(
    r"(?:[*#•·…水火]{2,}|[xX]{3,}|\.{3,})[\s*#xX.-]*(?P<digits>\d{4})(?!\d|[ -]\d{3,6}(?![\d.,]))"
)
# Digits behind words for the end of a card's number.
_ENDING = r"\W{0,3}(?P<digits>\d{4})(?![\d.,:/-]|\s\d{3,6}(?![\d.,]))"
# The most payments of a receipt, and the most rows that are tried.
_PAYMENTS, _TRIED = 3, 8
# How far the slip of a card terminal has the number below the way of payment.
_REACH = 6
_NEVER = frozenset(
    {
        RowKind.CHANGE, RowKind.SUBTOTAL, RowKind.TAX, RowKind.COUNT, RowKind.HEADING,
        RowKind.ROUNDING, RowKind.CHARGE, RowKind.NOTE,
    }
)  # fmt: skip
_PROVED, _FAIR, _DOUBTFUL = 0.97, 0.85, 0.65


@dataclass(frozen=True)
class _Paid:
    """A row about a payment."""

    row: ReadRow
    at: int
    method: PaymentMethod
    amount: Decimal | None
    number: Span | None = None


def payments(sheet: Sheet, change: Decimal | None) -> list[Payment]:
    """Return the payments that come to the total and the change, or else what looks like any."""
    found = list(_candidates(sheet, change))
    with_amount = [paid for paid in found if paid.amount]
    proved = _chosen(with_amount, sheet.total, change)
    chosen = proved or _different(with_amount) or _card_alone(found)
    if len(chosen) == 1 and change and chosen[0].method is PaymentMethod.OTHER:
        # Only who pays in cash gets change.
        chosen = [replace(chosen[0], method=PaymentMethod.CASH)]
    trust = _PROVED if proved else _DOUBTFUL
    return [_payment(sheet, paid, trust) for paid in _with_numbers(sheet, chosen)]


def _candidates(sheet: Sheet, change: Decimal | None) -> Iterator[_Paid]:
    """Yield the rows below the goods that name a way of payment, or have the amount of one."""
    given = _given(sheet.total, change)
    below_total = False
    for at, row in enumerate(sheet.footer):
        below_total |= row.kind is RowKind.TOTAL
        if row.kind in _NEVER or _neither().search(folded(row.printed)):
            continue
        method = _method(row)
        if method is None and _may_be_payment(row, given if below_total else set()):
            method = _method_beside(sheet.footer, at) or PaymentMethod.OTHER
        if method and (row.amount or row.kind is not RowKind.TOTAL):
            yield _Paid(row, at, method, row.amount.value if row.amount else None)


def _given(total: Decimal | None, change: Decimal | None) -> Set[Decimal]:
    """Return what may have been given for the total."""
    return set() if total is None else {total, total + (change or 0)}


def _may_be_payment(row: ReadRow, given: Set[Decimal]) -> bool:
    """Return whether a row is about a payment although it names no way of payment."""
    if row.amount is None:
        return False
    return row.kind is RowKind.PAYMENT or (row.kind is None and row.amount.value in given)


def _card_alone(found: Sequence[_Paid]) -> Sequence[_Paid]:
    """Return the first payment by card, whose amount is not printed."""
    cards = (paid for paid in found if paid.method is PaymentMethod.CARD)
    return [replace(paid, amount=None) for paid in islice(cards, 1)]


def _chosen(
    found: Sequence[_Paid], total: Decimal | None, change: Decimal | None
) -> Sequence[_Paid]:
    """Return the fewest and first rows that come to the total, or to it and the change."""
    if total is None:
        return []
    # Rows that name no way of payment come last, since they may say the total again.
    named = sorted(found, key=lambda paid: paid.method is PaymentMethod.OTHER)[:_TRIED]
    fitting = (
        some
        for wanted in dict.fromkeys([total + (change or 0), total])
        for count in range(1, _PAYMENTS + 1)
        for some in combinations(named, count)
        if sum(paid.amount or 0 for paid in some) == wanted
    )
    return next(fitting, [])


def _different(found: Sequence[_Paid]) -> Sequence[_Paid]:
    first = {(paid.method, paid.amount): paid for paid in reversed(found)}
    return sorted(first.values(), key=lambda paid: paid.at)


def _with_numbers(sheet: Sheet, paid: Sequence[_Paid]) -> Iterator[_Paid]:
    """Give each payment by card the number that stands in its row, or in the next slip."""
    numbers = [number for at, row in enumerate(sheet.footer) for number in _numbers(sheet, at, row)]
    for payment in paid:
        if payment.method is not PaymentMethod.CARD or not numbers:
            yield payment
            continue
        own = (number for number in numbers if number.row.line is payment.row.line)
        number = next(own, numbers[0])
        numbers.remove(number)
        yield replace(payment, number=number)


def _numbers(sheet: Sheet, at: int, row: ReadRow) -> Iterator[Span]:
    """Yield the last digits of a card in a row, unless it is a card that pays nothing."""
    if _neither().search(folded(row.printed)):
        return
    method = _method(row)
    last = _HIDDEN.search(row.printed) or _ending().search(folded(row.printed))
    if last:
        near = method or _method_beside(sheet.footer, at)
        if near in (PaymentMethod.CARD, None):
            yield Span(row, *last.span("digits"))


def _method_beside(rows: Sequence[ReadRow], at: int) -> PaymentMethod | None:
    """Return the way of payment that the nearest row above names, or the next one below."""
    above = [rows[index] for index in range(at - 1, max(at - _REACH, 0) - 1, -1)]
    for row in [*above, *rows[at + 1 : at + 2]]:
        method = None if _neither().search(folded(row.printed)) else _method(row)
        if method:
            return method
    return None


def _method(row: ReadRow) -> PaymentMethod | None:
    """Return the way of payment that a row names."""
    label = folded(row.printed)
    return next((method for method, words in _methods() if words.search(label)), None)


def _payment(sheet: Sheet, paid: _Paid, trust: float) -> Payment:
    words = amount_words(paid.row)
    number = paid.number.words if paid.number else []
    words = [*words, *(word for word in number if word not in words)]
    last_four = (
        paid.number.row.printed[paid.number.start : paid.number.end] if paid.number else None
    )
    sure = trust if paid.method is not PaymentMethod.OTHER else min(trust, _FAIR)
    return Payment(
        method=paid.method,
        label=_label(paid.row),
        amount=paid.amount,
        last_four=last_four,
        confidence=confidence(words, sure),
        boxes=sheet.boxes(words),
    )


def _label(row: ReadRow) -> str:
    """Return the words of a row without any digits, some of which may be a card's."""
    words = (word for word in row.printed.split() if not re.search(r"\d", word))
    return " ".join(words).strip(" *#:.,=-$€£")


@cache
def _methods() -> tuple[tuple[PaymentMethod, re.Pattern[str]], ...]:
    words = load_details().payments
    listed = (
        (PaymentMethod.VOUCHER, words.voucher),
        (PaymentMethod.POINTS, words.points),
        (PaymentMethod.WALLET, words.wallet),
        (PaymentMethod.TRANSFER, words.transfer),
        (PaymentMethod.CARD, words.card),
        (PaymentMethod.CASH, words.cash),
    )
    return tuple((method, re.compile(whole(some), re.IGNORECASE)) for method, some in listed)


@cache
def _ending() -> re.Pattern[str]:
    return re.compile(whole(load_details().payments.ending) + _ENDING, re.IGNORECASE)


@cache
def _neither() -> re.Pattern[str]:
    return re.compile(whole(load_details().payments.neither), re.IGNORECASE)
