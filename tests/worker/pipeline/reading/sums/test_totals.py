"""The total is found by its label, and by the sums that agree on it."""

from decimal import Decimal

import pytest

from tests.worker.pipeline.reading.printed import read


@pytest.mark.parametrize(
    "word",
    ["TOTAL", "Grand Total", "Total incl. GST:RM", "zu zahlen", "SUMME", "Total TTC",
     "\u00c0 payer", "Totale", "A pagar", "Te betalen", "Amount due", "Balance due", "Jumlah"],
)  # fmt: skip
def test_words_for_the_total_are_known(word: str) -> None:
    """The words are in several languages."""
    total = read(f"Shop\nBread 1.00 RM\nMilk 2.50 RM\n{word} 3.50").total

    assert total.amount == Decimal("3.50")
    assert total.confidence > 0.7


def test_the_total_is_what_the_sums_agree_on() -> None:
    """Cash and change confirm the rounded total, not the first amount with the label."""
    total = read(
        """
        Shop
        Bread 181.98
        Total Sales 181.98
        Rounding Adjustment .02
        Total 182.00
        CASH 200.00
        CHANGE 18.00
        """
    ).total

    assert total.amount == Decimal("182.00")


def test_cash_less_change_finds_a_total_that_was_misread() -> None:
    """The engine read 4.90 where 44.90 is printed."""
    total = read("Shop\nFish 23.40\nTofu 21.50\nTL:RM 4.90\nCASH 100.00\nCASH CHANGE 55.10").total

    assert total.amount == Decimal("44.90")


def test_the_sum_of_the_items_alone_is_no_total() -> None:
    """The receipt may go on outside the photo, so all its items are kept."""
    extraction = read("Shop\nFish 23.40\nTofu 21.50\nRice 3.10")

    assert extraction.total.amount is None
    assert not extraction.reconciled
    assert len(extraction.line_items) == 3


@pytest.mark.parametrize(
    "rows",
    [
        "Order Total 20.00\nSales Tax 1.50\nGrand Total 21.50",
        "Purchase Subtotal 20.00\nState Tax 1.50\nBALANCE 21.50",
        "SUBTOTAL 20.00\nT = CA TAX 7.50 on $20.00 1.50\nTOTAL 21.50",
        "SUBTOTAL 20.00\nG=GST 5% 20.00 @ 7.5% 1.50\nVF Visa 21.50",
        "SUBTOTAL 20.00\nCITY MEAL 7.5% 1.50\nTOTAL DUE 21.50",
    ],
)  # fmt: skip
def test_added_taxes_have_many_names(rows: str) -> None:
    """A rate between sub-total and total is that of a tax, whatever its name."""
    extraction = read(f"Diner\nSteak 14.00\nSalad 6.00\n{rows}\nVISA 21.50")

    assert [str(item.total_price) for item in extraction.line_items] == ["14.00", "6.00"]
    assert str(extraction.total.amount) == "21.50"
    assert extraction.reconciled


def test_tax_and_total_on_one_row() -> None:
    """The last amount is the total."""
    assert (
        str(read("Shop\nSteak 20.00\n**** TAX 1.50 BAL 21.50\nVISA 21.50").total.amount) == "21.50"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "Subtotal 20.00\nTax 1.50\nTip 3.50\nTotal 25.00",
        "Subtotal 20.00\nGratuity (17.5%) 3.50\nTax 1.50\nTOTAL 25.00",
        "Subtotal 20.00\nTax 1.50\nTOTAL 21.50\nCARD VISA\nAMOUNT 21.50\nTIP 3.50\nTOTAL: 25.00",
        "10% SRV CHG 2.00\nGST 6% 1.50\nTIP 1.50\nTOTAL 25.00",
    ],
)  # fmt: skip
def test_a_tip_belongs_to_the_total(rows: str) -> None:
    """A tip is not an item, even on the card's slip below a first total."""
    extraction = read(f"Diner\nSteak 14.00\nSalad 6.00\n{rows}")

    assert [str(item.total_price) for item in extraction.line_items] == ["14.00", "6.00"]
    assert str(extraction.total.amount) == "25.00"


def test_the_total_of_a_department_is_not_that_of_the_receipt() -> None:
    """There are more items below it."""
    extraction = read(
        """
        Hypermarché
        4 CAROTTES 2,29
        4 KIWI 3,71
        Total Alimentaire 6,00
        6 ALLUMETTES 1,65
        Total Entretien 1,65
        TOTAL À PAYER 7,65
        CARTES BANCAIRES 7,65
        """
    )

    assert str(extraction.total.amount) == "7.65"
    assert len(extraction.line_items) == 3
    assert extraction.reconciled
