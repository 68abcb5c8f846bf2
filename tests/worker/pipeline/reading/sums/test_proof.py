"""`reconciled` is a promise: a receipt is called so only if nothing speaks against it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.receipts.extraction import Extraction
from tests.worker.pipeline.reading.printed import read

PAID = "TOTAL 7.50\nVISA 7.50"


def prices(extraction: Extraction) -> list[str]:
    """Return the price of each item."""
    return [str(item.total_price) for item in extraction.line_items]


@pytest.mark.parametrize(
    "summary",
    [
        "TOTAL 7.50\nVISA 7.50",
        "TOTAL 7.50\nCASH 10.00\nCHANGE 2.50",
        "TOTAL 7.50\nBLORP 10.00\nBLARP 2.50",
        "TOTAL 7.50\nBLORP 7.50",
        "TOTAL 7.50\nGLORP 10% 6.82 0.68 7.50",
        "SUBTOTAL 7.50\nTAX 0.60\nTOTAL 8.10",
        "SUBTOTAL 7.50\nTOTAL 7.50",
        "TOTAL 7.50\nVOUCHER 3.00\nVISA 4.50",
        "BLORP 7.50\nVISA 7.50\nTOTAL 7.50",
        "TOTAL 7.50\nSERVICE CHARGE 0.75\nGRAND TOTAL 8.25\nCARD 8.25",
        "TOTAL 7.50\nVISA 7.50\nYour points are worth 3.10",
        "TOTAL 7.50\nVISA 7.50\nITEMS SOLD 2",
        "VAT 20% 1.25\nTOTAL 7.50",
        "SUBTOTAL 7.50\nBLORP 10% 0.75\nTOTAL 8.25\nVISA 8.25",
        "TOTAL 7.50\nVISA 2.50\nCASH 5.00",
    ],
)  # fmt: skip
def test_a_total_with_other_evidence_is_proven(summary: str) -> None:
    """The payment, cash and change, a tax, a sub-total or a second print confirm it."""
    extraction = read(f"Shop\nBread 3.00\nCheese 4.50\n{summary}")

    assert extraction.reconciled
    assert prices(extraction) == ["3.00", "4.50"]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50", id="nothing else confirms the total"),
        pytest.param("Bread 3.00\nCheese 4.50\nBLORP 7.50\nBLARP 7.50", id="no known word"),
        pytest.param("Bread 3.00\nCheese 4.50\nCASH 7.50", id="a payment alone"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nVISA 6.50", id="another payment"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nCASH 50.00", id="cash without change"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nTOTAL 7.50\nTOTAL 9.00",
                     id="a higher total"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nTOTAL 7.50\nBLARP 9.00",
                     id="a higher amount below"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.48\nTOTAL 7.48\nBLARP 7.50",
                     id="a rounded amount below"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nTOTAL 7.50\nSNARP 0.50\nBLARP 7.00",
                     id="an amount after savings below"),
        pytest.param("Bread 3.00\nCheese 4.50\nSUBTOTAL 7.50\nBag 0.10\nBLARP 7.60\nVISA 7.60",
                     id="an item or a charge"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 7.50\nBLORP 0.75\nTOTAL 8.25\nVISA 8.25",
                     id="an item or a tax"),
        pytest.param("Bread 3.00\nCheese 8.50\nTOTAL 7.50\nVISA 7.50", id="a misread item"),
        pytest.param("Bread 3.00\nCheese 4.50\nTOTAL 17.50", id="a misread total"),
        pytest.param("Bread 3.00\nCheese 4.50\nWine 8.00\nTOTAL 7.50\nVISA 7.50",
                     id="an item too many"),
        pytest.param("Bread 3.00\nTOTAL 7.50\nVISA 7.50\nCHANGE 0.00", id="an item too few"),
        pytest.param(f"Bread 3.00\nCheese 4.50\n{PAID}\nITEMS SOLD 9", id="another count of items"),
        pytest.param("Bread 3.00\nCheese 4.50\nCoupon 0.00", id="no total"),
        pytest.param("Bread 3.00\nCheese 4.50\nBLORP 0.75\nTOTAL 8.25\nVISA 8.25",
                     id="an item or a charge of a tenth"),
        pytest.param("Bread 3.00\nCheese 4.50\nBLORP 1.31\nTOTAL 8.81\nVISA 8.81\nTAX 1.31",
                     id="an item or the tax below"),
        pytest.param("Bread 3.00\nCheese 4.52\nTOTAL 7.52\nBLORP -0.02\nTOTAL 7.50\nVISA 7.50",
                     id="a discount or the rounding"),
        pytest.param("Bread 3.00\nCheese 4.50\nSUBTOTAL 7.50\nTAX 0.60\nVISA 8.10\nBLORP 0.60",
                     id="a tax or the change"),
        pytest.param("Lamp 90.00\nDesk 800.00\nTAX 2.52\nTOTAL 892.52\nVISA 892.52",
                     id="a levy on an item"),
    ],
)  # fmt: skip
def test_a_doubtful_receipt_is_not_proven(rows: str) -> None:
    """Somebody has to look at it, although it is read as well as possible."""
    assert not read(f"Shop\n{rows}").reconciled


@pytest.mark.parametrize("header", ["Till 0094.00", "Daily 07.00-23.00", "Till: 02.00"])
def test_numbers_of_the_header_are_no_doubt(header: str) -> None:
    """Numbers that look like prices stand above the first item."""
    extraction = read(f"Shop\n{header}\nWelcome\nBread 3.00\nCheese 4.50\n{PAID}")

    assert extraction.reconciled
    assert prices(extraction) == ["3.00", "4.50"]


def test_cash_that_was_handed_over_is_not_the_total() -> None:
    """The unknown words have amounts that show what they are."""
    extraction = read(
        "Shop\nBread 3.00\nCheese 4.50\nRice 2.10\nBLORP 9.60\nCASH 20.00\nBLARP 10.40"
    )

    assert str(extraction.total.amount) == "9.60"
    assert prices(extraction) == ["3.00", "4.50", "2.10"]


def test_taxes_with_unknown_names_are_no_items() -> None:
    """The amounts of a row with a rate agree with it."""
    extraction = read(
        """
        Shop
        Bread 3.00
        Cheese 4.50
        BLORP 7.50
        GLORP 7% 7.01 0.49 7.50
        CARD 7.50
        """
    )

    assert prices(extraction) == ["3.00", "4.50"]
    assert str(extraction.total.amount) == "7.50"


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ("TOTAL 7.50\nSavings -0.50\nTO PAY 7.00\nVISA 7.00", "7.00"),
        ("Net Total 7.50\nService Charge 0.75\nVAT 0.38\nGross Total 8.63", "8.63"),
        ("TOTAL 7.48\nRounding 0.02\nVISA 7.50", "7.50"),
        ("SUBTOTAL 7.50\nBLORP 0.75\nBLARP 8.25\nCARD 8.25", "8.25"),
    ],
)  # fmt: skip
def test_a_later_total_replaces_an_earlier_one(rows: str, total: str) -> None:
    """The rows between them explain the difference."""
    assert str(read(f"Shop\nBread 3.00\nCheese 4.50\n{rows}").total.amount) == total


@pytest.mark.parametrize(
    "label",
    ["| Grand Total", "= TOTAL", "*TOTAL*", "# Total", "T0TAL", "TOTAI", "SUNME", "<TOTAL>:"],
)
def test_damaged_labels_are_recognised(label: str) -> None:
    """There may be stray glyphs around them, or one letter that was misread."""
    extraction = read(f"Shop\nBread 3.00\nCheese 4.50\n{label} 7.50\nVISA 7.50")

    assert extraction.reconciled
    assert str(extraction.total.amount) == "7.50"


def test_a_return_has_a_negative_total() -> None:
    """The customer gets the deposit for the bottles."""
    extraction = read("Shop\nBottles returned -0.50\nTOTAL -0.50\nCASH -0.50")

    assert str(extraction.total.amount) == "-0.50"
    assert extraction.reconciled


def test_the_label_may_stand_above_its_amount() -> None:
    """The engine, or the till, broke the row."""
    extraction = read("Shop\nBread 3.00\nCheese 4.50\nTotal amount\n7.50\nVISA\n7.50")

    assert str(extraction.total.amount) == "7.50"
    assert prices(extraction) == ["3.00", "4.50"]


def test_all_items_of_a_cropped_receipt_are_kept() -> None:
    """An early sub-total is not the end, and there is no total."""
    extraction = read(
        "Shop\nBread 3.00\nSUBTOTAL 3.00\nCheese 4.50\nRice 1.10\nWine 8.20\nSoap 2.00"
    )

    assert prices(extraction) == ["3.00", "4.50", "1.10", "8.20", "2.00"]
    assert not extraction.reconciled


amounts = st.lists(st.integers(min_value=10, max_value=9_999), min_size=3, max_size=8)


def printed(cents: int) -> str:
    """Write cents as tills do."""
    return f"{Decimal(cents) / 100:.2f}"


@settings(max_examples=40)
@given(amounts, st.integers(min_value=1, max_value=5_000))
def test_a_receipt_with_unknown_words_is_read_by_structure(cents: list[int], change: int) -> None:
    """The sum of the rows so far is the total, and cash less change repeats it."""
    listed = "\n".join(f"Thing {printed(price)}" for price in cents)
    total = sum(cents)
    rows = f"BLORP {printed(total)}\nSNARP {printed(total + change)}\nBLARP {printed(change)}"

    extraction = read(f"Shop\n{listed}\n{rows}\nFLURP {printed(total)}")

    assert str(extraction.total.amount) == printed(total)
    assert not extraction.reconciled


@settings(max_examples=40)
@given(amounts, st.data())
def test_damage_never_makes_a_wrong_receipt_look_proven(
    cents: list[int], data: st.DataObject
) -> None:
    """Any row may be lost, and any digit misread; what is still proven is the truth."""
    total = printed(sum(cents))
    rows = [f"Thing {printed(price)}" for price in cents]
    rows += [f"TOTAL {total}", f"CASH {printed(sum(cents) + 500)}", "CHANGE 5.00"]
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(rows) - 1))
        digits = [place for place, letter in enumerate(rows[at]) if letter.isdigit()]
        place = data.draw(st.sampled_from(digits)) if digits else 0
        lost = rows[at][:place] + data.draw(st.sampled_from("0123456789"))
        rows[at] = data.draw(st.sampled_from(["", lost + rows[at][place + 1 :]]))

    extraction = read("\n".join(["Shop", *rows]))

    if extraction.reconciled:
        assert str(extraction.total.amount) == total
        assert prices(extraction) == [printed(price) for price in cents]
