"""Line items are read from the layouts of tills, each of which is a few rows of text."""

from decimal import Decimal

import pytest

from tests.worker.pipeline.reading.printed import items, names, read


def test_an_item_on_one_row() -> None:
    """The row has a name, a price and a tax code."""
    assert items(
        """
        Corner Shop
        Brown Bread 1,19 A
        Butter 2,49*B
        SUMME EUR 3,68
        """
    ) == [("Brown Bread", "1.19", "1", None), ("Butter", "2.49", "1", None)]


def test_a_quantity_on_the_same_row() -> None:
    """The count is before or after the unit price."""
    assert items(
        """
        Corner Shop
        Kiwi 0,59 x 4 2,36 A
        Yoghurt 3 x 0,40 1,20 A
        zu zahlen 3,56
        """
    ) == [("Kiwi", "2.36", "4", None), ("Yoghurt", "1.20", "3", None)]


def test_a_quantity_on_the_row_above() -> None:
    """A quantity belongs to the item whose price it multiplies to."""
    assert items(
        """
        Corner Shop
        Tonic 1,59 C
        2 x 0,75
        Quark 1,50 B
        SUMME 3,09
        """
    ) == [("Tonic", "1.59", "1", None), ("Quark", "1.50", "2", None)]


def test_a_weight_behind_its_price() -> None:
    """The number with three decimals is the weight."""
    assert items("Shop\nCHICKEN\n2006031014359 10.99*1.306 14.35 Z\nTOTAL 14.35") == [
        ("Chicken", "14.35", "1.306", None)
    ]


def test_a_weight_on_the_row_below() -> None:
    """The unit of the price is printed behind it."""
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
    """The price beside `1GL` is that of a gallon; other sizes stay in the name."""
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
    """Each name has a row of its own."""
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


def test_a_shelf_number_may_separate_a_name_from_its_numbers() -> None:
    """The first item, whose name begins the list, is separated too."""
    extraction = read("""
    Corner Hardware Sdn Bhd
    GREASE GUN 14OZ
    VF51 - 6
    9064718 1 X 26.90 26.90 S
    BATTERY AA
    WA45 - 12
    6970000 2 X 4.50 9.00 S
    TOTAL RM 35.90
    """)

    assert [(item.parsed_name, str(item.total_price)) for item in extraction.line_items] == [
        ("Grease Gun 14 oz", "26.90"),
        ("Battery AA", "9.00"),
    ]


def test_names_below_their_numbers() -> None:
    """A name follows the last row of numbers, which decides it."""
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
    """A leading number is cut off if most names have one; else it may belong to the name."""
    numbered = "Shop\n2485 WATER 0.50\n7094 PLASTER 3.20\nTotal 3.70"
    named = "Shop\n100 PIPERS 9.50\nBREAD 3.20\nTASTY TEA 1.00\nTotal 13.70"

    assert names(numbered) == ["Water", "Plaster"]
    assert names(named) == ["100 Pipers", "Bread", "Tasty Tea"]


@pytest.mark.parametrize(
    "summary",
    [
        "Rounding Adjustment 0.02", "Cash 50.00", "Change 44.10", "GST 6% 0.51", "Sub-total 5.90",
        "Total Savings 3.06", "MWST 0,71", "Visa 5.90", "R\u00fcckgeld -0,42", "Item Count 3",
        "Kreditkarte 5,90", "Netto 5,00", "Zwischensumme 5,90", "REGULAR PRICE 9.99",
        "RETURN VALUE 5.90", "SAVED 1.97", "MEMBER SAVINGS 0.99", "4.49 EACH OR 3/ 12.00",
        "2 FOR 4.00", "Tot Qty: 3 248.04", "JOUW VOORDEEL 7,34", "MN TAX 1.07", "AL US DEBIT 5.90",
        "Rundungsdifferenz 0.02", "RND ADJ 0.02-", "88512 Arrotond (P) -0,04",
    ],
)  # fmt: skip
def test_rows_of_the_summary_are_no_items(summary: str) -> None:
    """Rounding, payment, change, tax and sums may be printed among the items."""
    assert items(f"Shop\nBread 5.90\n{summary}") == [("Bread", "5.90", "1", None)]


@pytest.mark.parametrize(
    "name", ["Balance Bread", "Cash Cow Caramels", "Chocolate Bar", "Totally Oats"]
)
def test_goods_that_begin_like_a_label_are_items(name: str) -> None:
    """One word does not make a total."""
    assert names(f"Shop\nMilk 1.00\n{name} 2.00\nTotal 3.00") == ["Milk", name]


@pytest.mark.parametrize(
    ("rows", "quantity"),
    [
        ("SACKS\n10.00 NOS X 0.70 7.00 SR", "10"), ("SACKS\n2 AT 1 FOR 3.50 7.00", "2"),
        ("SACKS\n2 @ 2 FOR 7.00 7.00", "2"), ("SACKS 7.00 T F\n2 @ 2 FOR 7.00", "2"),
        ("SACKS @3.50\n9556065000352 *2 7.00 ZR", "2"), ("SACKS\nBX02 2 3.50 0.00 7.00", "2"),
        ("SACKS\n1 @ $7.00 lmt 4 7.00", "1"),
        ("SACKS\n    61126943157 A 7.00 SALE\nREGULAR PRICE 9.99", "1"),
        ("2.33 LB .99 /lb TARE .01\nSACKS 7.00", "1"), ("SACKS 3,50\n2 * 3,50 7,00 A", "2"),
        ("SACKS\nwas 8.99 now 7.00 T", "1"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_layouts_of_many_tills(rows: str, quantity: str) -> None:
    """Units, prices for several, codes and unit prices are taken neither as names nor as prices."""
    assert items(f"Shop\nQty Item Price\n{rows}\nTOTAL 7.00") == [("Sacks", "7.00", quantity, None)]


def test_a_count_that_belongs_to_the_name() -> None:
    """The pack holds `4X`, since there is no other price beside it."""
    assert items("Shop\nRICE CAKES 4X 1,57 EUR A\nMILK 1,00 EUR A\nTOTAL 2,57 EUR") == [
        ("Rice Cakes", "1.57", "1", None),
        ("Milk", "1.00", "1", None),
    ]


def test_savings_that_are_only_mentioned_are_no_items() -> None:
    """The sum shows whether the prices have been reduced by them already."""
    mentioned = "Shop\nBREAD 1.80\nMember Savings -0.20\nMILK 1.00\nTOTAL 2.80\nVISA 2.80"
    deducted = "Shop\nBREAD 2.00\nMember Savings -0.20\nMILK 1.00\nTOTAL 2.80\nVISA 2.80"

    assert names(mentioned) == ["Bread", "Milk"]
    assert names(deducted) == ["Bread", "Member Savings", "Milk"]


def test_tip_may_be_the_name_of_a_product() -> None:
    """A word in the middle of a name does not make a charge."""
    assert len(names("Shop\nTIP TEEWURST 0.75\nWHITE TIP TEA 2.00\nTotal 2.75")) == 2
