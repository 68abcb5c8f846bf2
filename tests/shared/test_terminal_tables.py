"""The table of a receipt in a terminal."""

from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import BaseUnit, LineItem, TotalAmount
from shared.contracts.receipts.printed import Merchant, PrintedDate, Total
from shared.terminal_tables import receipt_table


def shown(*items: LineItem) -> str:
    """Return the table of a receipt with some items, as a terminal shows it."""
    read = Extraction(
        merchant=Merchant(name="Corner Shop", confidence=0.9),
        date=PrintedDate(value="2026-03-14", confidence=0.9),
        total=Total(amount=Decimal("3.90"), currency="EUR", confidence=0.9),
        line_items=list(items),
        raw_ocr_text="",
        overall_confidence=0.9,
    )
    text = StringIO()
    Console(file=text, width=100).print(receipt_table(read))
    return text.getvalue()


def item(amount: TotalAmount | None) -> LineItem:
    return LineItem(
        raw_text="MILK 2X1L",
        parsed_name="Milk",
        quantity=Decimal(2),
        unit=None,
        unit_price=Decimal("1.95"),
        total_price=Decimal("3.90"),
        confidence=0.97,
        amount_total=amount,
    )


def test_amounts_are_shown_in_their_base_unit() -> None:
    table = shown(item(TotalAmount(value=Decimal("2000.0"), unit=BaseUnit.MILLILITRE)), item(None))

    assert "Amount" in table
    assert "2000 ml" in table


@pytest.mark.parametrize("amount", [None, TotalAmount(value=Decimal(2), unit=BaseUnit.PIECE)])
def test_a_table_without_amounts_has_no_column_for_them(amount: TotalAmount | None) -> None:
    """Pieces only repeat the quantity."""
    assert "Amount" not in shown(item(amount))
