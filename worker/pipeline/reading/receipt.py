"""Reads a receipt from the lines of its pages; every field has a confidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from statistics import fmean
from typing import TypeVar

from shared.contracts.fields.hints import CurrencySource
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.printed import Merchant, PrintedDate, Total
from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from shared.contracts.text import Contract
from worker.pipeline.knowledge.countries import Conventions, conventions_of, date_order_of
from worker.pipeline.knowledge.currencies import date_orders
from worker.pipeline.ocr.text import TextLine, as_text
from worker.pipeline.reading.details.assembling import with_details
from worker.pipeline.reading.details.languages import clear_language, language
from worker.pipeline.reading.fields.chains import currency_of
from worker.pipeline.reading.fields.countries import find_country
from worker.pipeline.reading.fields.currencies import FoundCurrency, find_currency
from worker.pipeline.reading.fields.dates import (
    FoundDate,
    calls_it_a_date,
    find_dates,
    has_time,
    is_about_another_day,
    is_month_first,
)
from worker.pipeline.reading.fields.merchants import find_merchant
from worker.pipeline.reading.items.contract_items import line_items
from worker.pipeline.reading.places import Places
from worker.pipeline.reading.rows.building import build_rows
from worker.pipeline.reading.rows.layout import ReadRow, read_rows
from worker.pipeline.reading.rows.whole_amounts import find_whole_amounts, without_decimals
from worker.pipeline.reading.sums.checks import checks_of
from worker.pipeline.reading.sums.ledger import Ledger, read_ledger
from worker.pipeline.reading.sums.proof import is_proven

C = TypeVar("C", bound=Contract)

# Boxes are not wanted, or the pages are not known.
NOWHERE = Places()
# Fields with one amount.
_AMOUNTS = ("total", "subtotal", "service", "tip", "rounding", "change")
# The least votes for the date of the purchase.
_PURCHASE = 2


def read_receipt(
    lines: Sequence[TextLine],
    *,
    today: date,
    hints: ReadingHints = NO_HINTS,
    places: Places = NOWHERE,
    detailed: bool = True,
) -> Extraction:
    """Read the lines of one receipt; dates after `today` are not believed.

    Fields that cannot be found are None with a confidence of 0; no error is raised. `hints` decide
    what the print leaves open. Details need not be read: tax lines, payments, addresses, numbers.
    """
    conventions = conventions_of(hints)
    printed = build_rows(lines)
    thousands = conventions.thousands if conventions else None
    whole = find_whole_amounts(printed, thousands)
    rows = read_rows(printed, whole)
    raw_text = as_text(printed)
    merchant = find_merchant(rows)
    chain_currency = currency_of(merchant.name) if merchant else None
    spoken = language(rows)
    currency = find_currency(
        rows,
        chain_currency=chain_currency,
        conventions=conventions,
        month_first=is_month_first(raw_text, today=today),
        spoken=clear_language(spoken),
    )
    ledger = read_ledger(rows)
    country = find_country(rows, currency.code, clear_language(spoken))
    order = _date_order(raw_text, currency.code, country.code, conventions, today)
    bought = _date(rows, order, today=today)
    total = _total(ledger, currency, hints.default_currency)
    merchant_confidence = merchant.confidence if merchant else 0.0
    items = line_items(ledger.items, places, closes=ledger.closes)
    items_confidence = fmean(item.confidence for item in ledger.items) if items else 0.0
    total_confidence = ledger.total.confidence if ledger.total else 0.0
    extraction = Extraction(
        merchant=Merchant(
            name=merchant.name if merchant else None, confidence=_rounded(merchant_confidence)
        ),
        date=bought,
        total=total,
        line_items=items,
        language=spoken,
        reconciled=is_proven(ledger),
        checks=checks_of(ledger),
        raw_ocr_text=raw_text,
        overall_confidence=_rounded(
            fmean([merchant_confidence, bought.confidence, total_confidence, items_confidence])
        ),
    )
    if detailed:
        is_date = partial(_has_date, order=order, value=bought.value, today=today)
        extraction = with_details(extraction, country, ledger, places, is_date)
    return _as_printed(extraction) if whole else extraction


def _total(ledger: Ledger, currency: FoundCurrency, default: str | None) -> Total:
    """Return the total. A default currency does not make it more certain."""
    found = ledger.total
    confidence = min(found.confidence if found else 0.0, max(currency.confidence, 0.5))
    source: CurrencySource | None = "default" if default else None
    return Total(
        amount=found.amount if found else None,
        currency=currency.code or default,
        currency_source=currency.source or source,
        confidence=_rounded(confidence),
    )


def _as_printed(read: Extraction) -> Extraction:
    """Remove the decimals of amounts that are printed without any."""
    amounts = {name: getattr(read, name) for name in _AMOUNTS}
    return read.model_copy(
        update={
            name: _without_decimals(printed, "amount")
            for name, printed in amounts.items()
            if printed
        }
        | {
            "tax_lines": [_without_decimals(tax, "net", "tax", "gross") for tax in read.tax_lines],
            "payments": [_without_decimals(payment, "amount") for payment in read.payments],
            "line_items": [
                _without_decimals(item, "unit_price", "total_price", "discount")
                for item in read.line_items
            ],
            "checks": [_without_decimals(check, "printed", "calculated") for check in read.checks],
        }
    )


def _without_decimals(shape: C, *fields: str) -> C:
    amounts = {field: without_decimals(getattr(shape, field)) for field in fields}
    return shape.model_copy(update=amounts)


@dataclass(frozen=True)
class _DateOrder:
    """The order of day, month and year; `is_certain` if it is more than a guess."""

    month_first: bool
    year_first: bool
    is_certain: bool


def _date_order(
    text: str,
    currency: str | None,
    country: str | None,
    conventions: Conventions | None,
    today: date,
) -> _DateOrder:
    """Find the order of dates: from another date, then from the country of the hint, unless the
    receipt has a currency of somewhere else, then from the country that it shows, and from the
    currency."""
    order = date_orders().get(currency or "")
    hinted = None
    if conventions and (order in (None, "either") or conventions.currency == currency):
        hinted = conventions.date_order
    elif country:
        hinted = date_order_of(country)
    if hinted in ("day_first", "month_first"):
        order = hinted
    seen = is_month_first(text, today=today)
    return _DateOrder(
        month_first=order == "month_first" if seen is None else seen,
        year_first=hinted == "year_first",
        is_certain=order not in (None, "either"),
    )


def _date(rows: Sequence[ReadRow], order: _DateOrder, *, today: date) -> PrintedDate:
    """Return the date with the most votes from the rows that have it, the first one on ties."""
    votes: Counter[date] = Counter()
    found: dict[date, tuple[FoundDate, float]] = {}
    for row in rows:
        for printed in find_dates(
            row.printed, month_first=order.month_first, year_first=order.year_first, today=today
        ):
            votes[printed.value] += _votes(row.printed)
            found.setdefault(printed.value, (printed, row.line.confidence))
    if not votes:
        return PrintedDate(value=None, confidence=0.0)
    [(value, _)] = votes.most_common(1)
    printed, confidence = found[value]
    doubt = 0.95 if order.is_certain or not printed.ambiguous else 0.8
    # The only date is one until which something is valid.
    doubt *= 0.5 if votes[value] < _PURCHASE else 1.0
    return PrintedDate(value=value.isoformat(), confidence=_rounded(confidence * doubt))


def _has_date(text: str, order: _DateOrder, value: str | None, *, today: date) -> bool:
    """Return whether the date of the purchase is in a text."""
    return any(
        printed.value.isoformat() == value
        for printed in find_dates(
            text, month_first=order.month_first, year_first=order.year_first, today=today
        )
    )


def _votes(text: str) -> int:
    """Return how strongly a row suggests that its date is that of the purchase."""
    if is_about_another_day(text):
        return 1
    return _PURCHASE + calls_it_a_date(text) + 2 * has_time(text)


def _rounded(confidence: float) -> float:
    return round(min(max(confidence, 0.0), 1.0), 3)
