"""Checks the arithmetic of a receipt: every sum that should come to its total."""

from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Literal

from shared.contracts.receipts.sums import ArithmeticCheck
from worker.pipeline.reading.sums.ledger import Ledger


def checks_of(ledger: Ledger) -> list[ArithmeticCheck]:
    """Compare the total with the items, with cash less change, and with net and tax.

    A check is left out if the receipt does not print its amounts.
    """
    total, summary = ledger.total, ledger.summary
    if total is None:
        return []
    sums: Mapping[Literal["items", "payment", "tax"], Set[Decimal]] = {
        "items": total.by_items,
        "payment": summary.payments.less_change,
        "tax": summary.net_and_tax,
    }
    nearest = {name: _nearest(total.amount, amounts) for name, amounts in sums.items() if amounts}
    return [
        ArithmeticCheck(
            name=name, printed=total.amount, calculated=amount, closes=amount == total.amount
        )
        for name, amount in nearest.items()
    ]


def _nearest(wanted: Decimal, amounts: Set[Decimal]) -> Decimal:
    """Return the amount nearest to the wanted one, the smaller one on ties."""
    return min(amounts, key=lambda amount: (abs(amount - wanted), amount))
