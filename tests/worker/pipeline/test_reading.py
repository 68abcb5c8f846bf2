"""Receipts from text: how tills lay out what they print, each as a few rows."""

from datetime import date
from decimal import Decimal
from textwrap import dedent

import pytest

from shared.contracts.receipts import Extraction
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.receipt import read_receipt


def read(text: str) -> Extraction:
    """Read rows of text as if an engine had found them, one word at each position."""
    lines = []
    for number, row in enumerate(dedent(text).strip("\n").splitlines()):
        left, words = 0.0, []
        for word in row.split():
            right = left + 10 * len(word)
            words.append(Word(word, left, number * 30, right, number * 30 + 20, 0.95))
            left = right + 10
        if words:
            lines.append(TextLine(tuple(words)))
    return read_receipt(lines, today=date(2026, 11, 23))


def items(text: str) -> list[tuple[str, str, str, str | None]]:
    """Name, price, quantity and unit of each item."""
    return [
        (item.parsed_name, str(item.total_price), f"{item.quantity.normalize():f}", item.unit)
        for item in read(text).line_items
    ]


def names(text: str) -> list[str]:
    """The items' names."""
    return [name for name, *_ in items(text)]


def test_an_item_on_one_row() -> None:
    """Name, price, tax code."""
    assert items(
        """
        Corner Shop
        Brown Bread 1,19 A
        Butter 2,49*B
        SUMME EUR 3,68
        """
    ) == [("Brown Bread", "1.19", "1", None), ("Butter", "2.49", "1", None)]


def test_a_quantity_on_the_same_row() -> None:
    """Before or after its price, as tills have it."""
    assert items(
        """
        Corner Shop
        Kiwi 0,59 x 4 2,36 A
        Yoghurt 3 x 0,40 1,20 A
        zu zahlen 3,56
        """
    ) == [("Kiwi", "2.36", "4", None), ("Yoghurt", "1.20", "3", None)]


def test_a_quantity_on_the_row_above() -> None:
    """It belongs to the item whose price it makes."""
    assert items(
        """
        Corner Shop
        Tonic 1,59 C
        2 x 0,75
        Quark 1,50 B
        SUMME 3,09
        """
    ) == [("Tonic", "1.59", "1", None), ("Quark", "1.50", "2", None)]


def test_a_weight_on_the_row_below() -> None:
    """With the unit of the price behind it."""
    (banana, bread) = read(
        """
        Corner Shop
        Bananas 0,19 A
        0,162 kg x 1,15 EUR/kg
        Bread 1,00 A
        Total 1,19
        """
    ).line_items

    assert (banana.quantity, banana.unit, banana.unit_price) == (
        Decimal("0.162"),
        "kg",
        Decimal("1.15"),
    )
    assert (bread.quantity, bread.unit) == (Decimal(1), None)


def test_one_of_a_printed_unit_is_the_quantity() -> None:
    """Its price is that of the gallon. Other sizes, and those of several, stay with the name."""
    assert items(
        """
        Corner Shop
        ORG WHOLE MILK 1GL 5.99
        LG EGGS 12CT 3.49
        COLA 1L 2 x 1.50 3.00
        Total 12.48
        """
    ) == [
        ("Organic Whole Milk", "5.99", "1", "gallon"),
        ("Large Eggs 12 ct", "3.49", "1", None),
        ("Cola 1 l", "3.00", "2", None),
    ]


def test_names_above_their_numbers() -> None:
    """The name has a row of its own."""
    assert items(
        """
        Cash and Carry Ltd
        Item Qty Price Amount
        ALL PURPOSE FLOUR
        1 x 18.60 18.60 Z
        BAKING POWDER
        2 x 11.69 23.38 S
        No of items: 3
        Total 41.98
        """
    ) == [("All Purpose Flour", "18.60", "1", None), ("Baking Powder", "23.38", "2", None)]


def test_names_below_their_numbers() -> None:
    """The last row of numbers tells: behind it comes a name."""
    assert items(
        """
        Big Store Inc
        1x 000004497295 5.90SR
        WET TISSUE
        1x 000004497296 2.10SR
        PLASTIC BAG
        Sub-total 8.00
        TOTAL 8.00
        """
    ) == [("Wet Tissue", "5.90", "1", None), ("Plastic Bag", "2.10", "1", None)]


def test_article_numbers_are_no_part_of_a_name() -> None:
    """Where most names begin with one; elsewhere a number may well belong to it."""
    numbered = "Shop\n2485 WATER 0.50\n7094 PLASTER 3.20\nTotal 3.70"
    named = "Shop\n100 PIPERS 9.50\nBREAD 3.20\nTASTY TEA 1.00\nTotal 13.70"

    assert names(numbered) == ["Water", "Plaster"]
    assert names(named) == ["100 Pipers", "Bread", "Tasty Tea"]


@pytest.mark.parametrize(
    "summary",
    [
        "Rounding Adjustment 0.02", "Cash 50.00", "Change 44.10", "GST 6% 0.51", "Sub-total 5.90",
        "Total Savings 3.06", "MWST 0,71", "Visa 5.90", "R\u00fcckgeld -0,42", "Item Count 3",
        "Kreditkarte 5,90", "Netto 5,00", "Zwischensumme 5,90", "Pfand zur\u00fcck 0,25-",
    ],
)  # fmt: skip
def test_what_is_no_item(summary: str) -> None:
    """Rounding, payment, change, tax, sums: also when they stand among the items."""
    assert items(f"Shop\nBread 5.90\n{summary}") == [("Bread", "5.90", "1", None)]


@pytest.mark.parametrize(
    "name", ["Balance Bread", "Cash Cow Caramels", "Chocolate Bar", "Totally Oats"]
)
def test_products_that_begin_like_something_else(name: str) -> None:
    """One word does not make a total."""
    assert names(f"Shop\nMilk 1.00\n{name} 2.00\nTotal 3.00") == ["Milk", name]


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


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("Total RM 5.00", "MYR"), ("SUMME EUR 5,00", "EUR"), ("Total \u20ac 5,00", "EUR"),
        ("Total \u00a35.00", "GBP"), ("Total $5.00", "USD"), ("Total CHF 5.00", "CHF"),
        ("Total 5.00\nShop Sdn Bhd", "MYR"), ("Summe 5,00\nMwSt 0,80\nUSt-ID 1", "EUR"),
        ("Total 5.00", None),
    ],
)  # fmt: skip
def test_currencies(text: str, currency: str | None) -> None:
    """By symbol, by code, by the words of a country's law."""
    assert read(f"Shop\nBread 5.00\n{text}").total.currency == currency


@pytest.mark.parametrize(
    ("header", "merchant"),
    [
        ("CORNER SHOP LTD\n12 High Street\nLondon", "CORNER SHOP LTD"),
        ("A04119\nBIG STORE CO. (M) BHD (126926-H)\n3RD FLR, MALL", "BIG STORE CO. (M) BHD"),
        ("PASAR RIA\nSDN BHD\nNO 1, JALAN TASIK", "PASAR RIA SDN BHD"),
        ("FRESH FOOD, GOOD MOOD\nSupermarkt M\u00fcller\nHauptstr. 4\n33102 Paderborn",
         "Supermarkt M\u00fcller"),
        ("Thank you, come again\nGreen Grocer GmbH\nTel. 05251 1804", "Green Grocer GmbH"),
    ],
)  # fmt: skip
def test_merchants(header: str, merchant: str) -> None:
    """By legal form, by the address below, by position; never slogans and numbers."""
    assert read(f"{header}\nDate 14/03/2026\nBread 5.00\nTotal 5.00").merchant.name == merchant


def test_dates_are_iso_and_the_most_frequent_wins() -> None:
    """Receipts repeat theirs; other dates stand there once."""
    printed = read("Shop\nBest before 01.01.2025\nBread 5.00\n14.03.26 17:42\nDatum 14.03.26").date

    assert printed.value == "2026-03-14"


def test_nothing_is_made_up() -> None:
    """What is not there is null, with confidence 0."""
    extraction = read("~~~ %%% ~~~")

    assert extraction.merchant.name is None
    assert (extraction.date.value, extraction.date.confidence) == (None, 0.0)
    assert (extraction.total.amount, extraction.total.confidence) == (None, 0.0)
    assert extraction.line_items == []
    assert extraction.overall_confidence == 0.0


def test_amounts_keep_the_digits_that_were_printed() -> None:
    """As decimal strings; never floats."""
    dumped = read("Shop\nBread 5.10\nTotal 5.10").model_dump(mode="json")

    assert dumped["total"]["amount"] == "5.10"
    assert dumped["line_items"][0]["total_price"] == "5.10"
