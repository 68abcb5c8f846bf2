"""Items that were once lost, while the receipt was called reconciled."""

from decimal import Decimal

import pytest

from tests.worker.pipeline.reading.printed import read

HEADER = "Corner Shop\n12.03.2024\n"


def prices(rows: str) -> list[str]:
    """Return the price of each item."""
    return [str(item.total_price) for item in read(HEADER + rows).line_items]


def test_a_rate_in_the_name_of_an_item_makes_it_no_tax() -> None:
    """The price of cream may be its rate of fat of the goods above."""
    rows = "CHEESE 4.95\nSOUR CREAM 20% 0.99\nEGGS 3.10\nMILK 1.20\nTOTAL EUR 10.24\nVISA 10.24"

    assert prices(rows) == ["4.95", "0.99", "3.10", "1.20"]


@pytest.mark.parametrize(
    "row",
    ["VAT 69 WHISKY 2.50", "TAX FREE CIGARS 2.50", "IVA CREAM 2.50", "Pourboire 2.50", "Tip 1.00"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_called_a_tax_or_a_tip_among_the_items_is_a_doubt(row: str, place: int) -> None:
    """An item may have a name that begins like a tax."""
    total = Decimal("8.05") + Decimal(row.rsplit(maxsplit=1)[-1])
    rows = ["CHEESE 4.95", "EGGS 3.10", f"TOTAL {total}", f"VISA {total}"]
    rows.insert(place, row)

    assert not read(HEADER + "\n".join(rows)).reconciled


def test_a_tip_below_the_items_is_no_doubt() -> None:
    """A tip is added to the goods."""
    extraction = read(f"{HEADER}CHEESE 4.95\nEGGS 3.10\nTip 1.00\nTOTAL 9.05\nVISA 9.05")

    assert extraction.reconciled


@pytest.mark.parametrize("label", ["incl. VAT 20%", "VAT 20%", "davon MwSt 20%"])
def test_a_tax_below_the_total_pays_for_no_lost_item(label: str) -> None:
    """The prices include such a tax, unless the sum of the items is printed, too."""
    rows = f"CHEESE 9.30\nEGGS 3.10\nTOTAL EUR 14.80\n{label} 2.40\nVISA 14.80"

    assert not read(HEADER + rows).reconciled


def test_a_second_list_with_a_total_is_a_doubt() -> None:
    """Another receipt without a date may stand below."""
    first = "CHEESE 4.40\nEGGS 2.20\nTOTAL 6.60\nVISA 6.60\n"
    rows = "MILK 1.20\nBREAD 1.40\nJAM 1.00\n"

    for total in ("3.60", "3.80"):
        extraction = read(f"{HEADER}{first}Other Market\n3 High Street\n{rows}TOTAL {total}")

        assert not extraction.reconciled


def test_a_short_name_beside_a_price_is_a_doubt() -> None:
    """The name above may be another item, whose price is missing; a currency is no name."""
    rows = "EGGS 1.10\nTOTAL 3.10\nVISA 3.10"

    assert not read(f"{HEADER}APPLES GREEN\nXO 2.00\n{rows}").reconciled
    assert read(f"{HEADER}APPLES GREEN\nEUR 2.00 A\n{rows}").reconciled


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        pytest.param("大山商店\n東京都港区1-2-3\n2024/03/12\n牛乳 ¥198\n卵 ¥120\nおにぎり ¥150\n"
                     "合計 ¥468\nクレジット ¥468", ["牛乳", "卵", "おにぎり"], id="ja"),
        pytest.param("大山超市\n2024-03-12\n鸡蛋 12.50\n牛奶 6.80\n合计 19.30\n微信支付 19.30",
                     ["鸡蛋", "牛奶"], id="zh"),
        pytest.param("대산마트\n2024-03-12\n두부 2,500\n우유 3,000\n합계 5,500\n카드 5,500",
                     ["두부", "우유"], id="ko"),
    ],
)  # fmt: skip
def test_a_name_of_one_or_two_word_letters_is_a_name(rows: str, names: list[str]) -> None:
    """The row above, such as an address, gives it none."""
    assert [item.parsed_name for item in read(rows).line_items] == names


def test_a_word_letter_behind_a_digit_counts_pieces() -> None:
    """The name is on the row above."""
    rows = (
        "大山商店\n2024/03/12\n塩パン\n@160×3コ ¥480\n食パン\n@380×1コ ¥380\n合計 ¥860\n現金 ¥860"
    )

    assert [item.parsed_name for item in read(rows).line_items] == ["塩パン", "食パン"]


@pytest.mark.parametrize(
    ("zero", "separator"),
    [(0x09E6, "."), (0x0660, "\N{ARABIC DECIMAL SEPARATOR}"), (0x0966, ","), (0xFF10, ".")],
)
def test_the_digits_of_every_script_are_read(zero: int, separator: str) -> None:
    """Bengali, Arabic, Devanagari and full-width digits are those of prices, too."""
    signs = "".join(chr(zero + digit) for digit in range(10)) + separator
    rows = "milk 5.20\nbread 3.30\nTOTAL 8.50\nVISA 8.50".translate(
        str.maketrans("0123456789.", signs)
    )
    extraction = read(HEADER + rows)

    assert [str(item.total_price) for item in extraction.line_items] == ["5.20", "3.30"]
    assert extraction.total.amount == Decimal("8.50")


def test_raised_digits_are_no_part_of_prices() -> None:
    """Raised digits refer to notes."""
    assert prices("milk ²5.20\nbread 3.30¹\nTOTAL 8.50\nVISA 8.50") == ["5.20", "3.30"]
