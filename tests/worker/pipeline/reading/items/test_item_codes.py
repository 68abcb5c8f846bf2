"""What tills print around names: cut off where most names have it, left where one has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.pipeline.reading.printed import items, names
from worker.pipeline.reading.items.codes import without_codes

NAMES = ["ROLLED OATS", "PLUM JAM", "RYE CRACKERS", "GREEN TEA"]


def receipt(rows: list[str]) -> str:
    """With a price behind each row."""
    return "\n".join(["Shop", *(f"{row} 1.00" for row in rows), f"TOTAL {len(rows)}.00"])


@pytest.mark.parametrize("code", ["515040", "12618", "4750", "58", "05980048261"])
def test_numbers_of_articles_of_any_length(code: str) -> None:
    """Some are longer than others on one receipt."""
    numbers = [code, "4011", "123456", "9904"]
    rows = [f"{number} {name}" for number, name in zip(numbers, NAMES, strict=True)]

    assert names(receipt(rows)) == [name.title() for name in NAMES]


@pytest.mark.parametrize("flag", ["E", "0", "4"])
def test_flags_before_names(flag: str) -> None:
    """A letter, a digit: no count, for nothing was bought once."""
    rows = [f"{flag} {name}" for name in NAMES]

    assert items(receipt(rows)) == [(name.title(), "1.00", "1", None) for name in NAMES]


@pytest.mark.parametrize("codes", [["F", "F", "T", "F"], ["NF", "T", "NF", "NF"], ["*a"] * 4])
def test_tax_codes_between_name_and_price(codes: list[str]) -> None:
    """Also one that stands there once."""
    rows = [f"{name} {code}" for name, code in zip(NAMES, codes, strict=True)]

    assert names(receipt(rows)) == [name.title() for name in NAMES]


def test_what_one_name_has_is_part_of_it() -> None:
    """Vitamin C, 365, 7UP."""
    rows = ["VITAMIN C", "365 OATS", "PLUM JAM", "E NUMBERS BOOK", "RYE CRACKERS"]

    assert names(receipt(rows)) == [
        "Vitamin C",
        "365 Oats",
        "Plum Jam",
        "E Numbers Book",
        "Rye Crackers",
    ]


def test_units_are_no_tax_codes() -> None:
    """Though every name ends with one."""
    printed = ["OATS 500 G", "JAM 250 G", "CRACKERS 125 G"]

    assert without_codes(printed, printed) == printed


texts = st.lists(st.text(st.sampled_from("AB 12*()xe"), max_size=12), max_size=8)


@given(texts)
def test_no_name_is_made_empty_and_none_is_lost(printed: list[str]) -> None:
    """Whatever stands there."""
    shortened = without_codes(printed, printed)

    assert len(shortened) == len(printed)
    assert all(new.strip() or not old.strip() for new, old in zip(shortened, printed, strict=True))
