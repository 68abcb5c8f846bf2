"""Keeps the codes that tills print beside names and prices: of articles, and of taxes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.units import unit_named
from worker.pipeline.reading.rows.layout import ReadRow

# A barcode or an article number.
_LONG = re.compile(r"(?<![\w.,])\d{6,14}(?![\w.,%])")
# A row that has nothing else but perhaps its number in the list and a flag.
_ALONE = re.compile(r"\W*(?:\d{1,3}\s+)?(\d{6,14})(?:\s+[A-Z])?\W*")
_BEFORE = re.compile(r"\W*(?:(?:[A-Z]|\d|\([A-Z\d]\))\s+)?(\d{2,14})\s")
# Behind a price may be its currency, then a letter, a digit, a few letters, or a star.
_TAX_CODE = re.compile(r"[A-Z\d]{1,3}|\*")
_FLAG = re.compile(r"\W?([A-Z])\W?\s")


def codes_alone(
    items: Sequence[Sequence[ReadRow]], rows: Sequence[ReadRow]
) -> Mapping[int, tuple[ReadRow, str]]:
    """Return the rows that have nothing but a code, and the code, by the index of its item.

    `items` has the rows of each item. The item is the one that the code is inside of, otherwise the
    one above or below, like for the first such row.
    """
    owners = {id(row): at for at, own in enumerate(items) for row in own}
    matches = [_ALONE.fullmatch(row.text) for row in rows]
    codes = [(at, match[1]) for at, match in enumerate(matches) if match]
    first = next((at for at, row in enumerate(rows) if id(row) in owners), 0)
    is_below = bool(codes) and first < codes[0][0]
    found = {}
    for at, code in codes:
        owner = _item_beside(rows, at, owners, is_below)
        if owner is not None:
            found[owner] = (rows[at], code)
    return found


def _item_beside(
    rows: Sequence[ReadRow], at: int, owners: Mapping[int, int], is_below: bool
) -> int | None:
    """Return the index of the item that a row with a code belongs to; None if it is an item's."""
    if id(rows[at]) in owners:
        return None
    above, below = _owner(rows, at - 1, owners), _owner(rows, at + 1, owners)
    return above if is_below or above == below else below


def _owner(rows: Sequence[ReadRow], at: int, owners: Mapping[int, int]) -> int | None:
    return owners.get(id(rows[at])) if 0 <= at < len(rows) else None


def code_of(rows: Iterable[ReadRow], printed: str, name: str) -> str | None:
    """Return the long number on the rows of an item, or a shorter one that was cut off its name.

    `name` is what is left of the `printed` name.
    """
    for row in rows:
        long = _LONG.search(row.text)
        if long:
            return long[0]
    before = _BEFORE.match(printed)
    return before[1] if before and name != printed and not name.startswith(before[1]) else None


def tax_code_of(rows: Iterable[ReadRow], price: Decimal, printed: str, name: str) -> str | None:
    """Return what is behind the price of an item, or else the letters cut off its name."""
    behind_price = (
        _currency().sub(" ", row.text[row.amount.end :]).split()[-1:]
        for row in rows
        if row.amount and abs(row.amount.value) == abs(price)
    )
    cut_off = printed.removeprefix(name).split() if printed.startswith(name) else []
    for words in (*behind_price, cut_off):
        if len(words) == 1 and _is_tax_code(words[0]):
            return words[0].strip("*") or "*"
    flag = _FLAG.match(printed)
    return flag[1] if flag and name != printed and not name.startswith(flag[0]) else None


def _is_tax_code(word: str) -> bool:
    """Return whether a word is a code; a unit of two letters or more, as in `1.99 ea`, is none."""
    bare = word.strip("*") or "*"
    return bool(_TAX_CODE.fullmatch(bare)) and (len(bare) == 1 or unit_named(bare) is None)


@cache
def _currency() -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_]){beside_amounts()}(?![^\W\d_])", re.IGNORECASE)
