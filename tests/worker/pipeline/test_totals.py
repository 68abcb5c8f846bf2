"""Totals from text: what is called one, and what the sums agree on."""

from decimal import Decimal

import pytest

from tests.worker.pipeline.printed import read


@pytest.mark.parametrize(
    "word",
    ["TOTAL", "Grand Total", "Total incl. GST:RM", "zu zahlen", "SUMME", "Total TTC",
     "\u00c0 payer", "Totale", "A pagar", "Te betalen", "Amount due", "Balance due", "Jumlah"],
)  # fmt: skip
def test_words_for_the_total(word: str) -> None:
    """In the languages of the shops."""
    total = read(f"Shop\nBread 1.00 RM\nMilk 2.50 RM\n{word} 3.50").total

    assert total.amount == Decimal("3.50")
    assert total.confidence > 0.7


def test_the_total_is_what_the_sums_agree_on() -> None:
    """Rounded, and confirmed by cash and change; not the first that is called a total."""
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
    """The print says 44.90, the engine 4.90."""
    total = read("Shop\nFish 23.40\nTofu 21.50\nTL:RM 4.90\nCASH 100.00\nCASH CHANGE 55.10").total

    assert total.amount == Decimal("44.90")


def test_a_total_that_is_only_calculated_is_not_trusted() -> None:
    """The receipt may go on outside the photo."""
    total = read("Shop\nFish 23.40\nTofu 21.50").total

    assert total.amount == Decimal("44.90")
    assert total.confidence < 0.5
