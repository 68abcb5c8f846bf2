"""Compares the printed count of items with the items that were found."""

import re
from collections.abc import Sequence

from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]0{1,3})?(?![\d.,])")


def counts_agree(rows: Sequence[ReadRow], items: Sequence[FoundItem]) -> bool:
    """Return whether any printed count of items may be that of the items; True if none is printed.

    Tills count rows or pieces, with or without deposits, returns and things that are weighed.
    """
    printed = [
        int(re.split("[.,]", match[0])[0])
        for row in rows
        if row.kind is RowKind.COUNT
        for match in _NUMBER.finditer(row.printed)
    ]
    if not printed:
        return True
    # The price of a deposit is printed, but the deposit is not counted everywhere.
    goods = len({item.name for item in items if item.total_price > 0}) // 2
    pieces = sum(_pieces(item) for item in items)
    return any(goods <= count <= max(pieces, len(items)) for count in printed)


def _pieces(item: FoundItem) -> int:
    """Return the number of pieces; a weight is one."""
    count = item.quantity.count if item.quantity else 1
    return int(count) if count == int(count) and count > 0 else 1
