"""Printed names of items are written as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.knowledge.translations import load_short_forms
from worker.pipeline.reading.items.readable import readable_name
from worker.pipeline.reading.items.sizes import Size
from worker.pipeline.words.abbreviations import load_abbreviations

SHORT = load_short_forms()
PRINTED = ["1GL", "8 OZ", "6X1.5L", "500g", "12CT", "(1 LB)", "1/2 GAL", "0L", "2%", "1,5%", "12"]
WORDS = ["BREAD", "Milk", "eggs", "BBQ", "H&M", "KELLOGG'S", "Käse", "BRÖTCHEN", "OF", "-", "X"]
names = st.lists(
    st.sampled_from([*SHORT, *(s.upper() + "." for s in SHORT), *PRINTED, *WORDS]) | st.text(),
    max_size=8,
).map(" ".join)


@pytest.mark.parametrize(
    ("printed", "name", "count", "unit"),
    [
        ("ORG WHOLE MILK 1GL", "Organic Whole Milk", "1", "gallon"),
        ("BIO VOLLM. 1L", "Bio Vollmilch", "1", "l"),
        ("GV SHRD CHDR 8OZ", "Great Value Shredded Cheddar", "8", "oz"),
        ("KRO LG EGGS 12CT", "Kroger Large Eggs", "12", "ct"),
        ("BACON 1 LB", "Bacon", "1", "lb"),
        ("Bulgur 500g", "Bulgur", "500", "g"),
        ("OJ 1/2 GAL", "OJ", "0.5", "gallon"),
        ("APFELSAFT 1,5L", "Apfelsaft", "1.5", "l"),
        ("COLA 12 FL OZ", "Cola", "12", "fl oz"),
        ("330ML GINGER ALE", "Ginger Ale", "330", "ml"),
        ("PEANUT BTR (500G)", "Peanut Butter", "500", "g"),
    ],
)
def test_a_printed_size_is_taken_out_of_the_name(
    printed: str, name: str, count: str, unit: str
) -> None:
    """The size may be before the name, behind it, or in brackets."""
    found = readable_name(printed)

    assert (found.name, found.size) == (name, Size(Decimal(count), unit))


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("CHKN BRST", "Chicken Breast"), ("ORG WHL MLK", "Organic Whole Milk"),
        ("2% MLK", "2% Milk"), ("whl wht brd", "whole wheat bread"),
        ("Grd Bf 80/20", "Ground Beef 80/20"), ("VOLLK.BROT", "Vollkorn Brot"),
        ("H-VOLLM. 3,5%", "H-Vollmilch 3,5%"), ("RÄUCHERL.", "Räucherlachs"),
        ("RAEUCHERL.", "Räucherlachs"), ("PAP. TOIL.", "Papier Toilette"),
    ],
)  # fmt: skip
def test_abbreviations_are_written_out(printed: str, name: str) -> None:
    """Dots and accents do not matter, and the case is that of the name."""
    assert readable_name(printed).name == name


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("BROWN BREAD", "Brown Bread"), ("KELLOGG'S FLAKES", "Kellogg's Flakes"),
        ("L'ORÉAL SHAMPOO", "L'Oréal Shampoo"), ("H-MILCH 1,5%", "H-Milch 1,5%"),
        ("COCA-COLA", "Coca-Cola"), ("BRÖTCHEN", "Brötchen"), ("EIWEIßBROT", "Eiweißbrot"),
        ("CREAM OF MUSHROOM", "Cream of Mushroom"), ("VITAMIN D", "Vitamin D"),
    ],
)  # fmt: skip
def test_capitals_become_title_case(printed: str, name: str) -> None:
    """Words may have apostrophes, hyphens and umlauts."""
    assert readable_name(printed).name == name


@pytest.mark.parametrize(
    "name",
    ["Rispentomaten", "BBQ", "UHT", "H&M", "XL", "OJ", "3IN1", "7UP", "Heinz BBQ Sauce", "oat milk",
     "EDEKA Bio Eier", "Wht Rice", "Brd", "Organza", "Kart"],
)  # fmt: skip
def test_what_reads_well_or_may_mean_two_things_stays(name: str) -> None:
    """Names in mixed case, codes, and abbreviations that only the shop understands stay."""
    assert readable_name(name).name == name


@pytest.mark.parametrize(
    ("printed", "name"),
    [("500G", "500G"), ("Milk 1GL 2L", "Milk 1GL 2L"), ("Eggs 12 L", "Eggs 12 L"),
     ("Tea 0g", "Tea 0g"), ("Mix 3 in 1", "Mix 3 in 1"), ("", "")],
)  # fmt: skip
def test_a_size_that_is_not_understood_stays(printed: str, name: str) -> None:
    """The name is only a size, has two of them, or one that is too large (12 eggs of size L)."""
    found = readable_name(printed)

    assert (found.name, found.size) == (name, None)


def test_packs_are_counted() -> None:
    """A pack of six bottles has the size of one bottle, six times."""
    found = readable_name("WATER 6X1.5L")

    assert found.size == Size(Decimal("1.5"), "l", packs=6)
    assert found.with_size == "Water 6 x 1.5 l"


@given(names)
def test_reading_a_name_again_changes_nothing(printed: str) -> None:
    """A name that comes back from an app stays the same."""
    once = readable_name(printed).name

    assert readable_name(once).name == once


@given(names)
def test_nothing_that_matters_is_lost(printed: str) -> None:
    """A name does not become empty, and keeps its percentages and all numbers but its size."""
    found = readable_name(printed)

    assert bool(found.name) == bool(printed.split())
    assert found.name.count("%") == printed.count("%")
    if found.size is None:
        assert [c for c in found.name if c.isdigit()] == [c for c in printed if c.isdigit()]


def test_no_meaning_is_itself_an_abbreviation() -> None:
    """Expanding a name twice must not change it again."""
    expand = load_abbreviations().expand

    assert [long for long in SHORT.values() if expand(long) != long] == []
