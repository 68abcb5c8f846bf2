"""Taxes, payments and the amounts between them are read with what they are."""

import pytest

from shared.contracts.receipts.extraction import Extraction
from tests.worker.pipeline.reading.printed import read

GOODS = """
    Kornblume Hofladen GmbH
    Ackerweg 5
    48143 Münster
    Linsen 4,00
    Hirse 6,00
"""


def below_goods(rows: str) -> Extraction:
    """Read goods for 10.00 with other rows below them."""
    return read(GOODS + rows)


def taxes(read: Extraction) -> list[tuple[str | None, ...]]:
    """Return rate, net, tax and gross of each tax line."""
    return [
        tuple(
            None if value is None else str(value)
            for value in (tax.rate, tax.net, tax.tax, tax.gross)
        )
        for tax in read.tax_lines
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("A 7,0% 9,35 0,65 10,00", ("7.0", "9.35", "0.65", "10.00")),
        # The columns in another order, and a rate without its sign.
        ("MwSt Netto Brutto\\n    7,00 0,65 9,35 10,00", ("7.00", "9.35", "0.65", "10.00")),
        ("MwSt 7% von 9,35 = 0,65", ("7", "9.35", "0.65", None)),
        ("davon MwSt 7% 0,65", ("7", None, "0.65", None)),
    ],
)
def test_columns_of_taxes_are_told_apart_by_arithmetic(
    table: str, expected: tuple[str | None, ...]
) -> None:
    """Net plus tax is gross, and the tax is its rate of the net amount."""
    rows = table.replace("\\n", "\n")
    assert taxes(below_goods(f"    SUMME EUR 10,00\n    {rows}\n")) == [expected]


def test_two_halves_of_a_tax_are_two_taxes() -> None:
    """India prints a tax for the state and one for the union beside each other."""
    found = below_goods("    TOTAL 10,00\n    GST% Taxable CGST SGST\n    5% 9,52 0,24 0,24\n")
    assert [(str(tax.rate), str(tax.tax)) for tax in found.tax_lines] == [("2.5", "0.24")] * 2


def test_rows_with_a_rate_that_are_no_tax() -> None:
    """Discounts and the fat of milk have a rate, too."""
    assert taxes(below_goods("    Milch 3,5% 2,00\n    SUMME EUR 12,00\n")) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "SUMME EUR 10,00\n    Geg. BAR EUR 20,00\n    Rückgeld BAR EUR 10,00",
            [("cash", "20.00")],
        ),
        ("SUMME EUR 10,00\n    Kreditkarte 10,00", [("card", "10.00")]),
        (
            "SUMME EUR 10,00\n    Gutschein 4,00\n    VISA 6,00",
            [("voucher", "4.00"), ("card", "6.00")],
        ),
        # The slip of the terminal repeats the amount.
        (
            "SUMME EUR 10,00\n    EC-Cash EUR 10,00\n    Kundenbeleg\n"
            "    girocard\n    Betrag EUR 10,00",
            [("card", "10.00")],
        ),
        ("TOTAL 10,00\n    Swish 10,00", [("wallet", "10.00")]),
    ],
)
def test_payments_come_to_the_total(rows: str, expected: list[tuple[str, str]]) -> None:
    """Each payment is listed once, with the way in which it was made."""
    found = below_goods(f"    {rows}\n").payments
    assert [(payment.method.value, str(payment.amount)) for payment in found] == expected


@pytest.mark.parametrize(
    ("card", "last_four"),
    [
        ("VISA ************1180 10,00", "1180"),
        ("VISA 10,00\n    XXXX XXXX XXXX 5520", "5520"),
        ("VISA 10,00\n    Kundenkarte ********7788", None),
        ("VISA 4111111111111111 10,00", None),
        ("VISA card ending in 6021 10,00", "6021"),
        ("Visa endet auf 6021 10,00", "6021"),
        ("VISA ...6021 10,00", "6021"),
        # Groups of a whole number, a month of expiry, and the number of a sale.
        ("AMEX 3782 822463 10005 10,00", None),
        ("VISA 10,00\n    Karte gültig bis 0928", None),
        ("DEBIT SALE 0042 10,00", None),
        ("VISA 10,00\n    **** 1180 2264 3100", None),
    ],
)
def test_no_more_of_a_card_than_four_digits(card: str, last_four: str | None) -> None:
    """The number of a card stays on the receipt, except for its last digits."""
    found = below_goods(f"    SUMME EUR 10,00\n    {card}\n")
    assert [payment.last_four for payment in found.payments] == [last_four]
    fields = found.model_dump_json(exclude={"raw_ocr_text", "line_items"})
    assert "4111" not in fields
    assert "5520 " not in fields


def test_amounts_between_goods_and_payments() -> None:
    """Sub-total, service, tip, rounding and change each have a field of their own."""
    found = read(
        """
        The Rusty Ladle
        9 Harbour Lane
        Soup 6.00
        Bread 4.00
        Sub Total 10.00
        Service Charge 1.02
        Tip 2.00
        Rounding -0.02
        TOTAL 13.00
        Cash 20.00
        Change -7.00
        """
    )
    amounts = (found.subtotal, found.service, found.tip, found.rounding, found.change)
    printed = [None if amount is None else str(amount.amount) for amount in amounts]
    assert printed == ["10.00", "1.02", "2.00", "-0.02", "7.00"]
