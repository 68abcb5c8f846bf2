"""Finds items that may be taxes or charges, and charges that may be items."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from shared.contracts.receipts.items import ItemKind
from worker.pipeline.knowledge.fields.goods import names_goods
from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.items.links import linked
from worker.pipeline.reading.rows.labels import RowKind, names_a_discount
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import RATE, find_amounts
from worker.pipeline.reading.sums.ledger import Ledger

# Rows of these kinds change the sum of the items.
_ADDED = frozenset({RowKind.TAX, RowKind.CHARGE, RowKind.ROUNDING})
# Percentages at which taxes, service and tips are added.
_RATES = tuple(Decimal(rate) / 100 for rate in (*range(4, 28), 1, 2, 3, "5.5", "7.7", "8.1", "8.5",
    "8.875", "9.5", "12.5"))  # fmt: skip
# Tax and service are the last two items at most.
_LAST = 2
# What is added is rounded to the cent.
_ROUNDED = Decimal("0.0051")
# The same where amounts have no decimals.
_ROUNDED_WHOLE = Decimal("0.51")
# Totals are rounded to multiples of these, by less than half of it.
_STEPS = (Decimal("0.05"), Decimal("0.1"), Decimal(1))


def may_be_added(items: Sequence[FoundItem], rows: Sequence[ReadRow]) -> bool:
    """Return whether one of the last items may be a tax or a charge on those above.

    It is a usual share of their sum, or a tax of a table below it, and nothing shows that it is an
    item, as a quantity, a code, a word for goods or another item of its name do.
    """
    taxes = {
        amount.value
        for row in rows
        if row.kind is RowKind.TAX
        for amount in find_amounts(row.text)
        if amount.value
    }
    return any(
        not _is_surely_item(items, at)
        and (items[at].total_price in taxes or _is_share(items, at) or _may_round(items, at))
        for at in range(max(len(items) - _LAST, 1), len(items))
    )


def _is_share(items: Sequence[FoundItem], at: int) -> bool:
    return _is_rate_of(
        items[at].total_price, sum((item.total_price for item in items[:at]), Decimal(0))
    )


def _may_round(items: Sequence[FoundItem], at: int) -> bool:
    """Return whether an item without a known word may be the rounding of the total."""
    price = items[at].total_price
    total = sum((item.total_price for item in items), Decimal(0))
    row = items[at].rows[-1]
    words = set(items[at].name.casefold().split())
    is_about_another = any(words & {*item.name.casefold().split()} for item in items[:at])
    is_known = row.kind is not None or names_a_discount(row.text) or is_about_another
    return at == len(items) - 1 and not is_known and _is_step(price, total)


def _is_surely_item(items: Sequence[FoundItem], at: int) -> bool:
    item = items[at]
    others = [*items[:at], *items[at + 1 :]]
    has_tax_code = item.tax_code is not None and any(other.tax_code for other in others)
    is_named_again = any(other.name == item.name for other in others)
    kind = linked([item])[0].kind
    is_deposit = kind in (ItemKind.DEPOSIT, ItemKind.DEPOSIT_RETURN)
    is_named = is_named_again or names_goods(item.name)
    return bool(item.quantity or item.code or has_tax_code or is_named or is_deposit)


def may_be_levied(ledger: Ledger, total: Decimal) -> bool:
    """Return whether an added tax or charge is an item, or a levy on a single item.

    It stands above the last item, or among the items without being a usual share of what is above.
    """
    if ledger.items_sum != total and _has_addition_above(ledger):
        return True
    rows = ledger.rows_of_items
    levies = [row for row in rows if row.kind is RowKind.TAX and row.value > 0]
    is_added = ledger.items_sum + sum((row.value for row in levies), Decimal(0)) in {
        total,
        *(row.value for row in ledger.rows if row.kind is RowKind.TOTAL),
    }
    return is_added and any(not _is_rate_of(row.value, ledger.items_sum) for row in levies)


def _has_addition_above(ledger: Ledger) -> bool:
    """Return whether what may be added to the items stands above the last one.

    Its name may only begin like a tax or a tip.
    """
    rows = ledger.rows_of_items
    of_last = ledger.items[-1].rows if ledger.items else ()
    last = max((at for at, row in enumerate(rows) if row in of_last), default=0)
    return any(row.kind in _ADDED and row.value for row in rows[:last])


def may_be_included(ledger: Ledger, total: Decimal) -> bool:
    """Return whether an added tax may be included in the prices, so that an item is missing.

    It is only printed below the total, and the sum of the items is printed nowhere.
    """
    rows = ledger.rows[ledger.region.stop :]
    amounts = [{amount.value for amount in find_amounts(row.text)} for row in rows]
    if ledger.items_sum == total or any(ledger.items_sum in row for row in amounts):
        return False
    first = next((at for at, row in enumerate(rows) if row.value == total), len(rows))
    kinds = {row.kind for row in (*ledger.rows_of_items, *rows[:first]) if row.value}
    return not kinds & _ADDED


def has_fitting_tax(rows: Sequence[ReadRow], total: Decimal) -> bool:
    """Return whether a tax is a usual share of the total, or of what is left without it."""
    taxes = (row.value for row in rows if row.kind is RowKind.TAX and not row.is_inferred)
    return any(
        _is_near(tax, (total - tax) * rate)
        or _is_near(tax, total - (total / (1 + rate)).quantize(Decimal("0.01")))
        for tax in taxes
        if 0 < tax < total
        for rate in _RATES
    )


def has_unknown_charge(rows: Sequence[ReadRow]) -> bool:
    """Return whether what is added to an earlier total may be an item.

    It is none if it is the printed share of the amounts above, or if it rounds the total.
    """
    so_far: list[Decimal] = []
    for at, row in enumerate(rows):
        if row.kind in (RowKind.TOTAL, RowKind.SUBTOTAL) and row.value:
            so_far = [row.value]
        elif so_far and row.kind in (RowKind.TAX, RowKind.CHARGE, RowKind.ROUNDING):
            is_unknown = row.kind is RowKind.CHARGE and row.is_inferred
            if is_unknown and not (_is_printed_share(row, so_far) or _rounds(row, rows[at + 1 :])):
                return True
            so_far.append(so_far[-1] + row.value)
    return False


def _is_printed_share(row: ReadRow, so_far: Sequence[Decimal]) -> bool:
    """Return whether an amount is the printed rate of one of the sums so far."""
    return any(_is_near(row.value, base * rate) for base in so_far for rate in _rates(row))


def _rates(row: ReadRow) -> Iterator[Decimal]:
    for match in RATE.finditer(row.text):
        yield Decimal(match[1].replace(",", ".")) / 100


def _rounds(row: ReadRow, below: Sequence[ReadRow]) -> bool:
    """Return whether a row is the difference to the round total in the next row."""
    total = below[0].value if below and below[0].kind is RowKind.TOTAL else Decimal(0)
    return total != 0 and _is_step(row.value, total)


def _is_step(amount: Decimal, total: Decimal) -> bool:
    """Return whether an amount makes a total round; one that is added to it is small."""
    steps = _STEPS if amount < 0 else _STEPS[:1]
    return any(total % step == 0 and 0 < 2 * abs(amount) <= step for step in steps)


def _is_rate_of(amount: Decimal, base: Decimal) -> bool:
    return any(_is_near(amount, base * rate) for rate in _RATES)


def _is_near(amount: Decimal, exact: Decimal) -> bool:
    is_whole = amount == amount.to_integral_value() and abs(amount) >= 10
    return abs(amount - exact) <= (_ROUNDED_WHOLE if is_whole else _ROUNDED)
