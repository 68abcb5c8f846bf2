"""What a receipt can be checked by: every sum that should come to its total."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations

from shared.contracts.receipts import ArithmeticCheck
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import find_amounts
from worker.pipeline.reading.sums.ledger import Ledger
from worker.pipeline.reading.sums.totals import cash_less_change, sums_of_items


def checks_of(ledger: Ledger, rows: Sequence[ReadRow]) -> list[ArithmeticCheck]:
    """The items, cash less change, net and tax: each as far as it is printed."""
    if ledger.total is None:
        return []
    total = ledger.total.amount
    items = [amount for amount, _ in sums_of_items(ledger.items_sum, rows)]
    sums = {"items": items, "payment": cash_less_change(rows), "tax": _net_and_tax(rows)}
    return [
        ArithmeticCheck(name=name, printed=total, calculated=nearest, closes=nearest == total)
        for name, amounts in sums.items()
        for nearest in sorted(amounts, key=lambda amount: (abs(amount - total), amount))[:1]
    ]


def _net_and_tax(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Sums of net amount and tax over the rows that print both with their sum; over all of them
    and of each, for tills repeat them as a total."""
    sums = [sum_ for row in rows if (sum_ := _gross(row)) is not None]
    return {*sums, sum(sums, Decimal(0))} if sums else set()


def _gross(row: ReadRow) -> Decimal | None:
    amounts = [amount.value for amount in find_amounts(row.text)]
    if row.kind is RowKind.COUNT or not 3 <= len(amounts) <= 4:
        return None
    for net, tax, gross in permutations(amounts, 3):
        if net > tax > 0 and net + tax == gross:
            return gross
    return None
