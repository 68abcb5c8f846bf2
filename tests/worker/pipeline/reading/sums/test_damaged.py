"""Whatever an engine does to a receipt: if it is called reconciled, it is read rightly."""

from decimal import Decimal
from random import Random

from shared.contracts.receipts.extraction import Extraction
from tests.worker.pipeline.reading.printed import TODAY
from tests.worker.pipeline.reading.sums.tills import Receipt, Till, damaged
from worker.pipeline.reading.receipt import read_receipt

# Enough to have every structure and every kind of damage.
_RECEIPTS = 120
# Fewer would mean that nothing is promised.
_LEAST = _RECEIPTS // 3


def _is_right(extraction: Extraction, truth: Receipt) -> bool:
    """Return whether the total and the prices of all items are those of the truth."""
    read = sorted(item.total_price or Decimal(0) for item in extraction.line_items)
    cents = [Decimal(price) / 100 for price in sorted(truth.items)]
    return extraction.total.amount == Decimal(truth.total) / 100 and read == cents


def test_no_damage_makes_a_wrong_receipt_reconciled() -> None:
    """Receipts of many structures, two in three with up to three faults; half have known words."""
    reconciled = 0
    for seed in range(_RECEIPTS):
        random = Random(seed)
        receipt = Till(random).print()
        faults = random.choice((0, 0, 1, 1, 2, 3))
        extraction = read_receipt(damaged(receipt, random, faults).lines(), today=TODAY)

        if extraction.reconciled:
            reconciled += 1
            assert _is_right(extraction, receipt), (seed, extraction.raw_ocr_text)

    assert reconciled >= _LEAST
