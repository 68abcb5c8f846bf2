"""Text that no till prints, and goods whose names look like labels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.pipeline.reading.printed import names, read

MANY_GROUPS = "1," + ",".join(["000"] * 12) + ".00"

# Each of these took minutes with a pattern that backtracks, or raised an error.
ODD = [
    " ".join(["1.00"] * 60) + " Milk 5.00",
    "Milk 1.00" + "*" * 2000 + "!",
    "a" * 2000 + " b " + "!" * 2000 + "x",
    "1" * 2000 + "x Milk 1.00\n" + "2" * 2000 + "x Bread 2.00",
    "\n".join(["Milk 1.00", "Tax 0.10", "Rounding 0.01", "Total 5.00", "Cash 9.00"] * 100),
    "2 x 0.00 0.00",
    f"2 x Milk {MANY_GROUPS}",
    f"Milk *2 {MANY_GROUPS}",
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ODD)
def test_odd_text_is_read_in_time(text: str) -> None:
    """Pages of text may have any line, and an amount of 10^36 is not a total."""
    total = read(f"Shop\n{text}").total.amount

    assert total is None or total < 1_000_000


WORDS = [
    "TOTAL",
    "TAX",
    "2 x",
    "@",
    "1.00",
    "0.00",
    "-",
    "*",
    "%",
    "$",
    "kg",
    "Milk",
    "12/12/20",
    "x",
]


ROWS = ["Milk 1.00", "Milk", "2 x 0.50 1.00", "TAX 0.10", "TOTAL 1.00", "TOTAL 2.10", "VISA 2.10"]
any_row = st.sampled_from(ROWS) | st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


@settings(max_examples=150)
@given(st.lists(any_row, max_size=8))
def test_nothing_is_made_up(rows: list[str]) -> None:
    """Items consist of printed rows, and those of a reconciled receipt come to its total."""
    extraction = read("\n".join(["Shop", *rows]))

    made_of = {row for item in extraction.line_items for row in item.raw_text.split("\n")}
    closing = {check.name for check in extraction.checks if check.closes}
    assert made_of <= {"Shop", *rows}
    assert "items" in closing or not extraction.reconciled


@pytest.mark.parametrize(
    "name",
    ["Chicken Tend", "Yoda Total 0%", "New Balance Socks", "Discover Magazine", "Dates Eligible",
     "Point Blue Cheese", "Geburtstagskarte", "Tenderloin Steak", "Master Lock", "Taxable Grocery"],
)  # fmt: skip
def test_goods_that_look_like_labels_are_items(name: str) -> None:
    """A word of the summary in a name does not end the list of items."""
    extraction = read(f"Shop\nMilk 1.00\n{name} 5.99\nEggs 2.00\nTotal 8.99\nVisa 8.99")

    assert len(extraction.line_items) == 3
    assert extraction.reconciled


@pytest.mark.parametrize("name", ["Eco VAT", "Netto Milch"])
def test_a_tax_that_is_too_large_makes_no_sum(name: str) -> None:
    """The receipt is not reconciled if goods were mistaken for a tax."""
    assert not read(f"Shop\nMilk 1.00\n{name} 5.99\nEggs 2.00\nTotal 8.99\nVisa 8.99").reconciled


def test_numbers_and_letters_that_distinguish_goods_stay() -> None:
    """Things that were bought twice stay, too."""
    assert names("Shop\n12 Eggs 3.00\n24 Eggs 6.00\nTotal 9.00") == ["12 Eggs", "24 Eggs"]
    assert names("Shop\nTonic A 1.00\nTonic B 2.00\nSoap B 3.00\nSoap A 1.00\nTotal 7.00") == [
        "Tonic A",
        "Tonic B",
        "Soap B",
        "Soap A",
    ]
    assert names("Shop\nMilk 2.00\nMilk 2.00\nTotal 2.00") == ["Milk", "Milk"]


@pytest.mark.parametrize(
    ("text", "currency"),
    [("Pasta$3.49\nPlastic$1.00\nTotal $4.49", None), ("Norma's\nMilk $1.00\nTotal $1.00", None)],
)
def test_a_name_before_a_dollar_sign_is_no_country(text: str, currency: str | None) -> None:
    """A name that is almost that of a chain does not decide the currency, either."""
    assert read(f"Shop\n{text}").total.currency == currency


def test_the_label_of_a_total_is_no_heading() -> None:
    """The amount of the total is on the row below."""
    extraction = read("Shop\nMilk 1.00\nBread 2.00\nTOTAL EUR\n3.00")

    assert [str(item.total_price) for item in extraction.line_items] == ["1.00", "2.00"]


def test_full_width_digits_are_digits() -> None:
    """Some tills in Asia print them."""
    assert str(read("Shop\nMilk \uff11\uff12.50\nTotal \uff11\uff12.50").total.amount) == "12.50"
