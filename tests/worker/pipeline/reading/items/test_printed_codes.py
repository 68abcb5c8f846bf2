"""The codes of articles and taxes are kept as they are printed."""

import pytest

from tests.worker.pipeline.reading.printed import read


def codes(text: str) -> list[tuple[str, str | None, str | None]]:
    """Return the name, the code and the tax code of each item."""
    return [
        (item.parsed_name, item.code, item.tax_code) for item in read(f"Shop\n{text}").line_items
    ]


@pytest.mark.parametrize(
    ("rows", "code", "tax_code"),
    [
        ("ROLLED OATS 1,19 A", None, "A"), ("ROLLED OATS 1,19 EUR B", None, "B"),
        ("ROLLED OATS 1,19*", None, "*"), ("ROLLED OATS 1.19 FS", None, "FS"),
        ("ROLLED OATS 1,19 1", None, "1"), ("ROLLED OATS 1,19 EUR", None, None),
        ("ROLLED OATS\n3 x 1.99 ea 5.97", None, None),
        ("4011027 ROLLED OATS 1.19", "4011027", None),
        ("ROLLED OATS 0072036711 1.19 F", "0072036711", "F"),
        ("ROLLED OATS\n5901234123457\n1 x 1.19 1.19 B", "5901234123457", "B"),
    ],
)  # fmt: skip
def test_codes_are_kept(rows: str, code: str | None, tax_code: str | None) -> None:
    """The code is before the name, behind it, or between the name and its numbers."""
    assert codes(f"{rows}\nTOTAL 9.00") == [("Rolled Oats", code, tax_code)]


@pytest.mark.parametrize("is_above", [True, False])
def test_codes_on_rows_of_their_own(is_above: bool) -> None:
    """The first one shows whether they are above or below their items."""
    goods = [("4006381333931", "OATS 1.00"), ("4006381333948", "JAM 2.00"), ("0401101", "TEA 3.00")]
    rows = [f"{code}\n{row}" if is_above else f"{row}\n{code}" for code, row in goods]

    assert codes("\n".join(["Qty Item Price", *rows, "TOTAL 6.00"])) == [
        ("Oats", "4006381333931", None),
        ("Jam", "4006381333948", None),
        ("Tea", "0401101", None),
    ]


def test_columns_of_codes_are_kept() -> None:
    """Flags and short article numbers before the names are columns."""
    flagged = "(C) OATS 1.00\n(C) JAM 2.00\n(A) TEA 3.00\nTOTAL 6.00"
    numbered = "4011 OATS 1.00\n4012 JAM 2.00\n58 TEA 3.00\nTOTAL 6.00"

    assert codes(flagged) == [("Oats", None, "C"), ("Jam", None, "C"), ("Tea", None, "A")]
    assert codes(numbered) == [("Oats", "4011", None), ("Jam", "4012", None), ("Tea", "58", None)]


def test_marks_for_taxed_goods_are_no_part_of_a_name() -> None:
    """A per cent sign behind a number is."""
    assert [name for name, *_ in codes("% SOAP 1.00\nJAM % 2.00\nCREAM 35% 3.00\nTOTAL 6.00")] == [
        "Soap",
        "Jam",
        "Cream 35%",
    ]
