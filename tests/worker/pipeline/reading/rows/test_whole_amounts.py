"""Amounts without decimals are known by the receipt itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.pipeline.reading.printed import read

THOUSANDS = st.integers(1_000, 9_999_999)


def printed(first: str, second: str, total: str) -> str:
    """Return a receipt with two items."""
    return f"Zephyra\nBread {first}\nMilk {second}\nTOTAL {total}\nCASH {total}"


# The first call compiles the patterns.
@settings(deadline=None)
@given(
    THOUSANDS,
    THOUSANDS,
    st.sampled_from([".", ",", "'"]),
    st.sampled_from(
        ["{}", "$ {}", "Rp {}", "\u20a9{}", "{}\u5186", "\u00a5{}", "{} Ft", "{}\u0111"]
    ),
)
def test_grouped_thousands_in_any_style(first: int, second: int, mark: str, money: str) -> None:
    """Every amount has the value that was printed, without decimals."""
    bread, milk, total = (
        money.format(f"{each:,}".replace(",", mark)) for each in (first, second, first + second)
    )

    extraction = read(printed(bread, milk, total))

    assert str(extraction.total.amount) == str(first + second)
    assert [item.total_price for item in extraction.line_items] == [first, second]


@pytest.mark.parametrize("money", ["\u00a5{}", "{}\u5186", "{} Ft", "\u20a9{}"])
def test_small_amounts_beside_a_sign_without_decimals(money: str) -> None:
    """No amount has thousands."""
    extraction = read(printed(money.format(120), money.format(680), money.format(800)))

    assert str(extraction.total.amount) == "800"
    assert [str(item.total_price) for item in extraction.line_items] == ["120", "680"]


@pytest.mark.parametrize(
    "text",
    [
        # Weights and points are no prices where prices have decimals.
        "Bread 5,00\nMilk 2,50\nTOTAL 7,50\nPoints 1.234\nPoints 2.345",
        # Three decimals.
        "Bread 1.234\nMilk 0.750\nCoffee 0.250\nTOTAL 2.234",
        "Tel 1234567\nNo 4711",
    ],
)
def test_other_numbers_are_no_whole_amounts(text: str) -> None:
    """No number is read as an amount of thousands."""
    read_total = read(f"Zephyra\n{text}").total.amount

    assert read_total is None or read_total < 10
