"""Codes around names are cut off if most names have one, and left if only one has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.pipeline.reading.printed import items, names
from worker.pipeline.reading.items.codes import without_codes

NAMES = ["ROLLED OATS", "PLUM JAM", "RYE CRACKERS", "GREEN TEA"]


def receipt(rows: list[str]) -> str:
    """Return a receipt with a price behind each row."""
    return "\n".join(["Shop", *(f"{row} 1.00" for row in rows), f"TOTAL {len(rows)}.00"])


@pytest.mark.parametrize("code", ["515040", "12618", "4750", "58", "05980048261"])
def test_article_numbers_are_cut_off(code: str) -> None:
    """Article numbers of one receipt differ in length."""
    numbers = [code, "4011", "123456", "9904"]
    rows = [f"{number} {name}" for number, name in zip(numbers, NAMES, strict=True)]

    assert names(receipt(rows)) == [name.title() for name in NAMES]


@pytest.mark.parametrize("flag", ["E", "0", "4"])
def test_flags_before_names_are_cut_off(flag: str) -> None:
    """A digit is not taken as a count, because no item has a 1."""
    rows = [f"{flag} {name}" for name in NAMES]

    assert items(receipt(rows)) == [(name.title(), "1.00", "1", None) for name in NAMES]


@pytest.mark.parametrize("codes", [["F", "F", "T", "F"], ["NF", "T", "NF", "NF"], ["*a"] * 4])
def test_tax_codes_between_name_and_price_are_cut_off(codes: list[str]) -> None:
    """A single letter is cut off even if only one name has it."""
    rows = [f"{name} {code}" for name, code in zip(NAMES, codes, strict=True)]

    assert names(receipt(rows)) == [name.title() for name in NAMES]


def test_a_code_of_one_name_is_part_of_it() -> None:
    """The names are Vitamin C and 365 Oats."""
    rows = ["VITAMIN C", "365 OATS", "PLUM JAM", "E NUMBERS BOOK", "RYE CRACKERS"]

    assert names(receipt(rows)) == [
        "Vitamin C",
        "365 Oats",
        "Plum Jam",
        "E Numbers Book",
        "Rye Crackers",
    ]


def test_units_are_no_tax_codes() -> None:
    """Every name ends with the unit of its size."""
    printed = ["OATS 500 G", "JAM 250 G", "CRACKERS 125 G"]

    assert without_codes(printed, printed) == printed


texts = st.lists(st.text(st.sampled_from("AB 12*()xe"), max_size=12), max_size=8)


@given(texts)
def test_no_name_becomes_empty_and_none_is_lost(printed: list[str]) -> None:
    """The texts may be anything."""
    shortened = without_codes(printed, printed)

    assert len(shortened) == len(printed)
    assert all(new.strip() or not old.strip() for new, old in zip(shortened, printed, strict=True))
