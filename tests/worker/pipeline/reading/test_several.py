"""Several receipts on an image are each read, and one receipt is never split."""

from tests.worker.pipeline.reading.printed import TODAY, lines_of
from worker.pipeline.reading.several import read_receipts

BAKER = """
    Larkspur Bakery Ltd
    4 Quince Street
    VAT No 418 8277 30
    Rye bread          3.40
    Croissant          1.60
    TOTAL GBP          5.00
    Cash               5.00
    30/04/2026 09:12
"""
SMITH = """
    Ironbark Tools Ltd
    18 Anvil Row
    VAT No 522 1904 11
    Hammer            14.00
    Nails              2.50
    TOTAL GBP         16.50
    VISA              16.50
    ************1180
    30/04/2026 11:48
"""
SLIP = """
    CUSTOMER COPY
    Terminal 20520769
    VISA ************1180
    SALE              16.50
    TOTAL GBP         16.50
    30/04/2026 11:48
    PLEASE RETAIN
"""


def totals(*papers: tuple[str, float, float]) -> list[str]:
    """Read papers, each at its left and top, and return the total of each receipt."""
    lines = [line for text, left, top in papers for line in lines_of(text, left, top)]
    receipts = read_receipts(lines, today=TODAY)
    assert not (len(receipts) > 1 and any(receipt.reconciled for receipt in receipts))
    return [str(receipt.total.amount) for receipt in receipts]


def test_two_receipts_side_by_side() -> None:
    """The one on the left comes first; neither is called reconciled."""
    assert totals((SMITH, 400, 17), (BAKER, 0, 0)) == ["5.00", "16.50"]


def test_two_receipts_one_above_the_other() -> None:
    """A gap, and another header, goods, total and date below it, are another receipt."""
    assert totals((SMITH, 0, 0), (BAKER, 20, 400)) == ["16.50", "5.00"]


def test_four_receipts() -> None:
    """Each of the halves of an image may have two receipts."""
    papers = [(BAKER, 0, 0), (SMITH, 400, 5), (SMITH, 10, 420), (BAKER, 410, 425)]
    assert sorted(totals(*papers)) == ["16.50", "16.50", "5.00", "5.00"]


def test_a_card_slip_below_is_no_receipt() -> None:
    """A slip has a date and a total, but no goods."""
    assert totals((SMITH, 0, 0), (SLIP, 0, 400)) == ["16.50"]


def test_a_gap_between_names_and_prices_splits_nothing() -> None:
    """Engines find names and prices as lines of their own."""
    names = "Larkspur Bakery Ltd\nRye bread\nCroissant\nTOTAL GBP\nCash\n30/04/2026 09:12"
    prices = "3.40\n1.60\n5.00\n5.00"
    assert totals((names, 0, 0), (prices, 500, 30)) == ["5.00"]


def test_a_copy_of_a_receipt_is_the_same_receipt() -> None:
    """The same total at the same time was paid once."""
    assert totals((BAKER, 0, 0), (BAKER, 0, 400)) == ["5.00"]
