"""Scoring a reading against the ground truth."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.cli.quality.readings import read_item, read_receipt
from worker.cli.quality.reliability import reliability
from worker.cli.quality.scoring import score
from worker.cli.quality.truth import Truth, TruthItem

PRINTED = Truth(
    merchant="GREEN VALLEY MARKET LTD",
    date="2026-03-14",
    date_alternatives=["2026-04-13"],
    total=Decimal("21.34"),
    currency="GBP",
)
names = st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", min_size=4, max_size=20).filter(
    lambda name: len(name.strip()) >= 4
)
prices = st.decimals(min_value=-99, max_value=999, places=2).map(str)
bought = st.lists(st.tuples(names, prices), max_size=12)


def right(read: dict[str, str | None]) -> dict[str, bool]:
    """Score a reading with these fields, and return which of them are right."""
    verdicts = score(PRINTED, read_receipt(**read)).verdicts  # type: ignore[arg-type]
    return {verdict.field: verdict.right for verdict in verdicts}


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        ({}, set()),
        ({"merchant": "Green Valley Market Ltd. 12 Orchard Road"}, set()),
        ({"merchant": "Blue Hill Stores"}, {"merchant"}),
        ({"date": "2026-04-13"}, set()),
        ({"date": "2026-03-15"}, {"date"}),
        ({"total": "21.3"}, {"total"}),
        ({"total": "21.340"}, set()),
        ({"currency": "EUR"}, {"currency"}),
        ({"total": None, "date": None, "merchant": None}, {"total", "date", "merchant"}),
    ],
)
def test_fields(read: dict[str, str | None], wrong: set[str]) -> None:
    """A merchant needs the same words, any other field the same value."""
    assert {field for field, correct in right(read).items() if not correct} == wrong


def test_without_a_reading_every_field_is_wrong() -> None:
    """A file that cannot be read still counts in the figures."""
    scored = score(PRINTED.model_copy(update={"line_items": [TruthItem(name="Milk")]}), None)

    assert [verdict.right for verdict in scored.verdicts] == [False] * 4
    assert "total: read nothing, printed 21.34" in scored.mistakes


def test_what_is_not_known_is_not_scored() -> None:
    scored = score(Truth(total=Decimal(5)), read_receipt(read_item("Milk", "5"), total="5"))

    assert [verdict.field for verdict in scored.verdicts] == ["total"]
    assert scored.items is None
    assert scored.mistakes == []


@given(bought, st.randoms())
def test_a_perfect_reading_is_perfect_in_any_order(items: list[tuple[str, str]], random) -> None:  # type: ignore[no-untyped-def]
    """The same thing may be bought twice."""
    truth = Truth(line_items=[TruthItem(name=name, total_price=Decimal(price))
                              for name, price in items] or None, currency="GBP")  # fmt: skip
    read = [read_item(name, price) for name, price in items]
    random.shuffle(read)
    scored = score(truth, read_receipt(*read))

    assert scored.mistakes == []
    assert scored.found == scored.expected == len(items)


@given(bought, bought)
def test_items_count_once(printed: list[tuple[str, str]], read: list[tuple[str, str]]) -> None:
    """Every item of both sides is counted once, and only equal prices are matched."""
    truth = Truth(line_items=[TruthItem(name=name, total_price=Decimal(price))
                              for name, price in printed], currency="GBP")  # fmt: skip
    scored = score(truth, read_receipt(*(read_item(name, price) for name, price in read)))

    assert (scored.expected, scored.read) == (len(printed), len(read))
    assert scored.found <= min(len(printed), len(read))
    for item in scored.items or ():
        if item.expected and item.read:
            assert item.expected.total_price == item.read.total_price


def test_an_item_with_an_illegible_price_is_ignored() -> None:
    """Whether the item was read does not matter."""
    truth = Truth(line_items=[TruthItem(name="Milk", total_price=Decimal("1.85")),
                              TruthItem(name="Torn off")])  # fmt: skip
    scored = score(truth, read_receipt(read_item("MILK", "1.85"), read_item("Torn off", "9.99")))

    assert (scored.found, scored.expected, scored.read) == (1, 1, 1)
    assert scored.mistakes == []


def test_mistakes_say_what_was_read_and_what_is_printed() -> None:
    truth = Truth(total=Decimal(3), line_items=[TruthItem(name="Bread", total_price=Decimal(3))])
    scored = score(truth, read_receipt(read_item("Bread", "8"), total="8"))

    assert scored.mistakes == [
        "total: read 8, printed 3",
        "missed: Bread 3",
        "not in the ground truth: Bread 8",
    ]


def test_reliability_is_by_confidence() -> None:
    """The most confident bin comes first, and fields that were not read are left out."""
    scores = [
        score(PRINTED, read_receipt(confidence=0.9)),
        score(PRINTED, read_receipt(total="1", confidence=1.0)),
        score(PRINTED, read_receipt(date=None, confidence=0.6)),
    ]
    bins = {bin.low: bin for bin in reliability(scores)}

    assert list(bins) == [0.9, 0.8, 0.7, 0.5, 0.0]
    assert str(bins[0.9].by_field["total"]) == "1/2"
    assert str(bins[0.9].overall) == "7/8"
    assert bins[0.5].by_field["date"].reported == 0
    assert bins[0.8].overall.value is None
