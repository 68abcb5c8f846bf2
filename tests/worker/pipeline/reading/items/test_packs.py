"""The sizes in names say how much there is, however they are printed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.receipts.items import LineItem
from tests.worker.pipeline.reading.printed import read
from worker.pipeline.reading.items.packs import find_pack

# How a unit is printed, and how many grams or millilitres it holds.
UNITS = {
    "g": ["g", " g", "G", " GR", " gr."],
    "kg": ["kg", " KG", "KG"],
    "dag": ["dag", " DAG"],
    "l": ["l", "L", " l", " ltr", " LT", " litre", "л"],
    "dl": ["dl", " DL"],
    "cl": ["cl", "CL", " cl"],
    "ml": ["ml", "ML", " ml", " мл"],
    "lb": [" lb", "LB", " lbs"],
    "fl oz": [" fl oz", " FL.OZ", "FZ"],
}
HOLDS = {
    "g": "1", "kg": "1000", "dag": "10", "l": "1000", "dl": "100", "cl": "10", "ml": "1",
    "lb": "453.59237", "fl oz": "29.5735295625",
}  # fmt: skip
MOST = {"kg": 50, "l": 10, "dl": 100, "lb": 100}


def only_item(row: str) -> LineItem:
    """Read a receipt with one item."""
    (item,) = read(f"Corner Shop\n{row}\nTOTAL 7.00\nCASH 7.00").line_items
    return item


@pytest.mark.parametrize(
    ("name", "count", "size", "unit"),
    [
        ("COLA 6x330ml", 6, "330", "ml"),
        ("OATS 500g", 1, "500", "g"),
        ("WATER 1.5L", 1, "1.5", "l"),
        ("BUTTER 2 lb", 1, "2", "lb"),
        ("COLA 12pk", 12, "1", "piece"),
        ("EGGS DOZEN", 12, "1", "piece"),
        ("PUDDING 4 x 125 g", 4, "125", "g"),
        ("BEER 33CL x 6", 6, "33", "cl"),
        ("WINE 0,75L", 1, "0.75", "l"),
        ("EIER 10ER", 10, "1", "piece"),
        ("MILK GAL", 1, "1", "gallon"),
        ("MILK 1/2 GAL", 1, "0.5", "gallon"),
        ("BEEF 1 1/2 lb", 1, "1.5", "lb"),
        ("CREAM ½ l", 1, "0.5", "l"),
        ("CREAM 1½ l", 1, "1.5", "l"),
        ("COLA 6 PK 12 FL OZ", 6, "12", "fl oz"),
        ("BAGELS 6 CT 20 OZ", 1, "20", "oz"),
        ("FLOUR 16 OZ (454 G)", 1, "16", "oz"),
        ("JAJA 10 SZT", 10, "1", "piece"),
        ("RULLA 9KPL", 9, "1", "piece"),
        ("COLA X6", 6, "1", "piece"),
        ("EGGS 2 DOZ", 24, "1", "piece"),
        ("HAM (2 x 100 g) 200 g", 2, "100", "g"),
    ],
)
def test_a_pack_is_read_from_a_name(name: str, count: int, size: str, unit: str) -> None:
    """Multipacks, fractions and counts are understood."""
    pack = only_item(f"{name} 7.00").pack

    assert pack is not None
    assert (pack.count, pack.size, pack.unit) == (count, Decimal(size), unit)


@pytest.mark.parametrize(
    "name",
    ["BREAD", "MILK 3,5%", "VITAMIN B 12", "SALAMI 2 kg 500 g", "7UP", "PIPERS 100", "CAKE 0 g"],
)
def test_a_name_may_have_no_pack(name: str) -> None:
    """No size is printed, or two that contradict each other."""
    assert find_pack(name) is None


@given(
    st.sampled_from(sorted(UNITS)),
    st.integers(1, 999),
    st.integers(0, 2),
    st.integers(1, 24),
    st.data(),
)
def test_an_amount_does_not_depend_on_how_it_is_printed(
    unit: str, digits: int, decimals: int, packs: int, data: st.DataObject
) -> None:
    """Commas or dots, blanks or none, the multiplier before or behind: the amount is the same."""
    size = Decimal(digits).scaleb(-decimals)
    if size > MOST.get(unit, 300):
        size = Decimal(1)
    printed = f"{size:f}".replace(".", data.draw(st.sampled_from(".,")))
    measure = printed + data.draw(st.sampled_from(UNITS[unit]))
    times = data.draw(st.sampled_from(["x", " x ", "X", "×", "*"]))
    written = [f"{packs}{times}{measure}", f"{measure}{times}{packs}"] if packs > 1 else [measure]
    pack = find_pack(f"TEA {data.draw(st.sampled_from(written))}")

    assert pack is not None
    assert pack.amount == size * packs * Decimal(HOLDS[unit])
    assert pack.base == ("g" if unit in ("g", "kg", "dag", "lb") else "ml")


@pytest.mark.parametrize(
    ("row", "value", "unit", "price", "per"),
    [
        ("WATER 6x1.5L 7.00", 9000, "ml", "0.7778", "l"),
        ("OATS 500g 2 x 3.50 7.00", 1000, "g", "7.00", "kg"),
        ("BANANAS 0.500 kg x 14.00 7.00", 500, "g", "14.00", "kg"),
        ("BANANAS 2.00 lb @ 3.50/lb 7.00", "907.185", "g", "7.7162", "kg"),
        ("ROLLS 4 x 1.75 7.00", 4, "piece", "1.75", "piece"),
        ("EGGS DOZEN 7.00", 12, "piece", "0.5833", "piece"),
        ("BREAD 7.00", 1, "piece", "7.00", "piece"),
    ],
)
def test_amounts_are_in_a_base_unit(
    row: str, value: int | str, unit: str, price: str, per: str
) -> None:
    """The quantity is multiplied with the pack, and a weight is all there is."""
    item = only_item(row)

    assert item.amount_total is not None
    assert item.base_price is not None
    assert (item.amount_total.value, item.amount_total.unit) == (Decimal(value), unit)
    assert (str(item.base_price.amount), item.base_price.per) == (price, per)


def test_a_weight_without_a_unit_has_no_amount() -> None:
    """The number may be in kilograms or in pounds."""
    item = only_item("BANANAS 0.500 x 14.00 7.00")

    assert item.quantity == Decimal("0.5")
    assert item.amount_total is None
    assert item.base_price is None
