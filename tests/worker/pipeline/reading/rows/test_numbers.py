"""Printed amounts are read in every spelling that tills use."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.reading.rows.numbers import closing_amount, find_amounts, parse_decimal

AMOUNTS = st.decimals(min_value=0, max_value=99_999, places=2)


def european(amount: Decimal) -> str:
    """Write an amount as 1.234,56."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


@given(AMOUNTS)
def test_any_spelling_is_the_same_decimal(amount: Decimal) -> None:
    """The separator is a comma or a dot, with or without grouped thousands."""
    plain = f"{amount:.2f}"

    assert parse_decimal(plain) == amount
    assert parse_decimal(plain.replace(".", ",")) == amount
    assert parse_decimal(f"{amount:,.2f}") == amount
    assert parse_decimal(european(amount)) == amount


@given(AMOUNTS, st.sampled_from(["", " A", " EUR", " SR", "*B", " *", "ZRL", " s", "€", " €"]))
def test_what_stands_behind_a_price_does_not_hide_it(amount: Decimal, behind: str) -> None:
    """A tax code, a currency or a star may stand behind a price."""
    found = closing_amount(f"Some thing {european(amount)}{behind}")

    assert found is not None
    assert found.value == amount


@given(AMOUNTS, st.sampled_from(["RM", "RM ", "EUR ", "€", "€ ", "$", "£"]))
def test_a_currency_may_stand_before_a_price(amount: Decimal, currency: str) -> None:
    """There may be a space between them."""
    found = closing_amount(f"Some thing {currency}{amount:.2f}")

    assert found is not None
    assert found.value == amount


@pytest.mark.parametrize("text", ["-0,50*C", "0,25- D", "0,25-D", "- 1.20", "RM-3.00", "-RM 3.00"])
def test_a_minus_stands_before_or_behind(text: str) -> None:
    """Returned deposits and discounts have one."""
    found = closing_amount(f"Leergut {text}")

    assert found is not None
    assert found.value < 0


@pytest.mark.parametrize(
    "text",
    ["Milk 500 ml", "14.03.2026", "Tel. 0251/123456", "12:30", "GST 6%", "1234567890.12", ""],
)
def test_other_numbers_are_no_amounts(text: str) -> None:
    """Sizes, dates, telephone numbers, times and rates are not amounts."""
    assert closing_amount(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RM.50", "0.50"),
        (".20", "0.20"),
        ("55.001", "55.00"),
        ("14.817R", "14.81"),
        ("2.69.S", "2.69"),
        ("33.90-8", "33.90"),
    ],
)
def test_misread_amounts_are_understood(text: str, value: str) -> None:
    """A zero is missing, or a tax code has run into the number."""
    found = closing_amount(f"Some thing {text}")

    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Thing 1,05 EUR A", "1.05"), ("Thing 9.00 T F", "9.00"), ("Thing 8.79 SALE", "8.79"),
        ("1 349 76.00 76 SR", "76.00"), ("Tot Qty: 3 248.04", "248.04"), ("*4 252.00", "252.00"),
        ("Thing 1 234,56 \u20ac", "1234.56"),
    ],
)  # fmt: skip
def test_text_around_a_price_is_ignored(text: str, value: str) -> None:
    """A code, a repeated price or a count is ignored; a count is not read as thousands."""
    found = closing_amount(text)

    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.parametrize("text", ["Rice @8.50", "1.19 lb 2.49 /lb TARE .01", "3.50 each, 12 oz"])
def test_amounts_that_are_not_the_price_of_a_row(text: str) -> None:
    """A unit price, the weight of a bag and a size behind a comma are not the price."""
    assert closing_amount(text) is None


def test_amounts_of_a_row_are_ordered_from_left_to_right() -> None:
    """Every amount comes with its place in the text."""
    text = "2 x 5.51 (Disc: 1.53) 7.96 S"

    amounts = find_amounts(text)

    values = ["5.51", "1.53", "7.96"]
    assert [str(amount.value) for amount in amounts] == values
    assert [text[amount.start : amount.end].strip() for amount in amounts] == values


def indian(amount: Decimal) -> str:
    """Write an amount as 1,23,456.00."""
    whole, cents = f"{amount:.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return f"{','.join([*groups, tail])}.{cents}"


@given(
    st.decimals(min_value=1, max_value=9_999_999, places=2),
    st.sampled_from(["{:,.2f}", "european", "indian", "blank", "apostrophe"]),
    st.sampled_from(
        ["{}", "{}\u20ac", "{}z\u0142", "\u20b9{}", "{} K\u010d", "R$ {}", "{} lei", "CHF {}"]
    ),
)
def test_any_countrys_style_is_read_back(amount: Decimal, style: str, money: str) -> None:
    """Thousands are grouped by dots, commas, blanks, apostrophes, or in hundreds as in India."""
    spelt = {
        "european": european(amount),
        "indian": indian(amount),
        "blank": f"{amount:,.2f}".replace(",", " ").replace(".", ","),
        "apostrophe": f"{amount:,.2f}".replace(",", "'"),
    }.get(style) or style.format(amount)

    found = closing_amount(f"Some thing: {money.format(spelt)}")

    assert found is not None
    assert found.value == amount


@pytest.mark.parametrize(
    ("text", "value"),
    [("Brot 25,-", "25.00"), ("Brot 25.-- A", "25.00"), ("Rabat (0,20)", "-0.20"),
     ("Crackers 4.00", "4.00"), ("Discount (Rs 15.00)", "-15.00")],
)  # fmt: skip
def test_amounts_without_cents_and_in_brackets(text: str, value: str) -> None:
    """A dash stands for no cents, brackets for a minus; letters before a price are no currency."""
    found = closing_amount(text)

    assert found is not None
    assert found.value == Decimal(value)
