"""Reads a receipt from the lines of its pages; every field has a confidence."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from statistics import fmean

from shared.contracts.receipts import Extraction, LineItem, Merchant, PrintedDate, Total
from worker.pipeline.knowledge.currencies import date_orders
from worker.pipeline.ocr.text import TextLine, as_text
from worker.pipeline.reading.fields.chains import currency_of
from worker.pipeline.reading.fields.currencies import find_currency
from worker.pipeline.reading.fields.dates import (
    FoundDate,
    calls_it_a_date,
    find_dates,
    is_about_another_day,
    is_month_first,
)
from worker.pipeline.reading.fields.merchants import find_merchant
from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.items.readable import readable_name
from worker.pipeline.reading.rows.building import build_rows
from worker.pipeline.reading.rows.layout import ReadRow, read_rows
from worker.pipeline.reading.sums.checks import checks_of
from worker.pipeline.reading.sums.ledger import read_ledger

_TIME = re.compile(r"(?<!\d)[0-2]?\d\s?[:.h]\s?[0-5]\d(?!\d)")


def read_receipt(lines: Sequence[TextLine], *, today: date) -> Extraction:
    """Read the lines of one receipt; dates after `today` are not believed.

    Fields that cannot be found are None with a confidence of 0; no error is raised.
    """
    rows = read_rows(build_rows(lines))
    raw_text = as_text([row.line for row in rows])
    merchant = find_merchant(rows)
    chain_currency = currency_of(merchant.name) if merchant else None
    currency, currency_confidence = find_currency(raw_text, chain_currency=chain_currency)
    ledger = read_ledger(rows)
    items, total = ledger.items, ledger.total
    seen = is_month_first(raw_text, today=today)
    order = date_orders().get(currency or "")
    month_first = order == "month_first" if seen is None else seen
    certain = order not in (None, "either")
    printed = _date(rows, month_first=month_first, certain=certain, today=today)
    merchant_confidence = merchant.confidence if merchant else 0.0
    total_confidence = total.confidence if total else 0.0
    items_confidence = fmean(item.confidence for item in items) if items else 0.0
    fields = [merchant_confidence, printed.confidence, total_confidence, items_confidence]
    return Extraction(
        merchant=Merchant(
            name=merchant.name if merchant else None, confidence=_rounded(merchant_confidence)
        ),
        date=printed,
        total=Total(
            amount=total.amount if total else None,
            currency=currency,
            confidence=_rounded(min(total_confidence, max(currency_confidence, 0.5))),
        ),
        line_items=[_line_item(item, closes=ledger.closes) for item in items],
        reconciled=ledger.closes,
        checks=checks_of(ledger),
        raw_ocr_text=raw_text,
        overall_confidence=_rounded(fmean(fields)),
    )


def _date(rows: Sequence[ReadRow], *, month_first: bool, certain: bool, today: date) -> PrintedDate:
    """Return the date with the most votes from the rows that have it, the first one on ties.

    `certain`: whether the order of day and month is more than a guess.
    """
    votes: Counter[date] = Counter()
    found: dict[date, tuple[FoundDate, float]] = {}
    for row in rows:
        for printed in find_dates(row.text, month_first=month_first, today=today):
            votes[printed.value] += _votes(row.text)
            found.setdefault(printed.value, (printed, row.line.confidence))
    if not votes:
        return PrintedDate(value=None, confidence=0.0)
    [(value, _)] = votes.most_common(1)
    printed, confidence = found[value]
    doubt = 0.95 if certain or not printed.ambiguous else 0.8
    return PrintedDate(value=value.isoformat(), confidence=_rounded(confidence * doubt))


def _votes(text: str) -> int:
    """Return how strongly a row suggests that its date is that of the purchase."""
    if is_about_another_day(text):
        return 1
    return 2 + calls_it_a_date(text) + 2 * bool(_TIME.search(text))


def _line_item(item: FoundItem, *, closes: bool) -> LineItem:
    quantity, readable = item.quantity, readable_name(item.name)
    # `1GL` is the unit that the price is for. The price beside `500G` is for all of it, so that
    # size stays in the name.
    unit = readable.size.only_unit if readable.size and not quantity else None
    return LineItem(
        raw_text=item.raw_text,
        parsed_name=readable.name if unit else readable.with_size,
        quantity=quantity.count if quantity else Decimal(1),
        unit=quantity.unit if quantity else unit,
        unit_price=quantity.unit_price if quantity else item.total_price,
        total_price=item.total_price,
        confidence=_rounded(item.confidence * (0.98 if closes else 0.8)),
    )


def _rounded(confidence: float) -> float:
    return round(min(max(confidence, 0.0), 1.0), 3)
