"""What one row of the list of items says by itself: a name, a quantity, a price, or part of it."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.reading.layout import ReadRow, letters
from worker.pipeline.reading.numbers import CURRENCY, Amount, find_amounts
from worker.pipeline.reading.quantities import PrintedQuantity, Quantity, find_quantities

_LONG_CODE = re.compile(r"\b(?:[A-Z]{0,3}-)?\d{6,}\b\s*")
# Of a name with columns of numbers behind it: where they begin.
_COLUMNS = re.compile(r"(?:(?<=\s)|^)(?:[-\d.,]*\d[-\d.,]*%?(?:\s+|$))+$")
# What a till adds about a price: (Disc: 1.53), TARE .01.
_ASIDE = re.compile(r"\([^()]*\d[.,]\d\d[^()]*\)|\btare\b\s*[.,\d]+", re.IGNORECASE)
# What has a time or a number behind a colon was printed by the till for itself.
_OF_THE_TILL = re.compile(
    r"\d\d?:\d\d|:\s*#?\d+\s*$|\b(?:invoice|receipt|cashier)\b|^\W*bill\W*$", re.IGNORECASE
)
# An article's number with letters: BEN02.
_CODED = re.compile(r"[A-Z]{1,4}\d{2,}[A-Z\d-]*")
_COUNT = re.compile(r"\d{1,3}")
# Fewer letters than this behind a quantity are no name.
_SCRAP = 4
_LEADING_COUNT = re.compile(r"^\W*(\d{1,2})\s?[x×*]?\s+(?=\D)", re.IGNORECASE)
_CERTAIN_COUNT = re.compile(r"^\W*(\d{1,3})\s?[x×]\s+(?=\D)", re.IGNORECASE)
_MARKED_COUNT = re.compile(r"(?:^|(?<=\s))\*\s?([1-9]\d{0,2})(?=\s|$)")
# What belongs to a price: its currency, what it is for.
_OF_A_PRICE = re.compile(rf"{CURRENCY}|/?\s?\b(?:kg|lbs?|oz|100\s?g|pcs?|stk?|ea|st)\b", re.I)
_COUNT_AND_UNIT = re.compile(r"\d{1,3}\s+[A-Z]{2,6}")


# A price of which the separator or a digit was lost: 0650, 1.9S.
_DEBRIS = re.compile(r"(?<=\s)(?=\S*\d)[\dOoSIlB]{1,4}[.,:;]?[\dOoSIlB]{1,2}\s?[A-Z*]?$")


@dataclass(frozen=True)
class ItemRow:
    """A row of the list of items. `name` is empty where the row has none; `price` is the line's;
    `of_one` the price of one, where the row has no other."""

    row: ReadRow
    name: str
    quantity: Quantity | None
    price: Decimal | None
    of_one: Decimal | None = None

    @property
    def is_name(self) -> bool:
        """A name and no price."""
        return bool(self.name) and self.price is None and not _OF_THE_TILL.search(self.row.text)

    @property
    def is_numbers(self) -> bool:
        """A price, and nothing for a name or what is hardly one: a code, a scrap of a quantity."""
        if self.price is None or not self.name:
            return self.price is not None
        counted = self.quantity is not None and self.row.text.lstrip(" *(")[:1].isdigit()
        is_scrap = counted and letters(self.name) < _SCRAP
        return is_scrap or bool(_CODED.fullmatch(self.name))

    @property
    def has_unreadable_price(self) -> bool:
        """Whether it ends like an item's row, in something that was a price once."""
        return bool(self.name) and self.price is None and bool(_DEBRIS.search(self.row.text))

    @property
    def is_detail(self) -> bool:
        """A quantity and nothing else."""
        return self.quantity is not None and self.price is None and not self.name


def read_item_row(row: ReadRow) -> ItemRow:
    """Take a row apart."""
    amount = row.amount
    printed = next((one for one in find_quantities(row.text) if _fits(one, amount)), None)
    of_one = None
    if printed and amount and _holds(printed, amount):
        # The unit price is the last amount of a row without a price of its own.
        of_one, amount = amount.value, None
    before = row.text[: amount.start] if amount else row.text
    if of_one is not None and printed:
        before = before[: printed.end]
    if printed:
        before = before[: printed.start] + before[printed.end :]
    words = _LONG_CODE.sub("", _ASIDE.sub(" ", before))
    price = amount.value if amount else None
    columns = _COLUMNS.search(words)
    quantity = printed.quantity if printed else _of_columns(words, price)
    if columns and (quantity or find_amounts(columns[0])):
        words = words[: columns.start()]
    if not printed:
        quantity, words = _of_leading_count(words, quantity, price)
        quantity, words = _of_marked_count(words, quantity, price)
    first = next(iter(find_amounts(words)), None)
    if first and letters(words[: first.start]) >= 3:
        words = words[: first.start]
    name = words.strip(" \t:;.,*-|@")
    if letters(_OF_A_PRICE.sub("", name)) < 3:
        name = (name or "Discount") if price is not None and price < 0 else ""
    return ItemRow(row, name, quantity, price, of_one)


def priced(rows: list[ItemRow]) -> list[ItemRow]:
    """What stands behind a name and a count is the price, where no row beside it has another: the
    name is `RICE 4X` then."""

    def has_price(index: int) -> bool:
        return 0 <= index < len(rows) and rows[index].is_numbers

    return [
        row
        if not (row.name and row.of_one) or has_price(index - 1) or has_price(index + 1)
        else replace(row, price=row.of_one, quantity=None)
        for index, row in enumerate(rows)
    ]


def _holds(printed: PrintedQuantity, amount: Amount) -> bool:
    return amount.start + 1 < printed.end


def _fits(printed: PrintedQuantity, amount: Amount | None) -> bool:
    """`100G x 1.20 1.20` is a size and a price."""
    if amount is None or _holds(printed, amount):
        return True
    return printed.quantity.makes(amount.value) or printed.quantity.nearly_makes(amount.value)


def with_leading_counts(rows: list[ItemRow]) -> list[ItemRow]:
    """The count that stands before a name taken for the quantity, where at least half of all names
    have one; elsewhere it may well belong to the name."""
    counted = [bool(_LEADING_COUNT.match(one.row.text)) for one in rows if one.name and one.price]
    if not counted or sum(counted) * 2 < len(counted):
        return rows
    return [_counted(row) for row in rows]


def without_units(rows: list[ItemRow]) -> list[ItemRow]:
    """`WALK` in `1 WALK 1.60 1.60` is no name but a unit, where the name has the row above."""
    units = {_unit(row) for row in rows} - {None}
    bare = [index for index, row in enumerate(rows) if _unit(row)]
    if not all(index and rows[index - 1].is_name for index in bare):
        return rows
    return [
        replace(row, name="") if row.price and _unit_word(row) in units else row for row in rows
    ]


def _unit(row: ItemRow) -> str | None:
    """The word between the count and the amounts, of which there are more than one."""
    counted = _COUNT_AND_UNIT.match(row.row.text)
    is_all = counted and len(row.name.split()) <= 2 and len(find_amounts(row.row.text)) > 1
    return _unit_word(row) if is_all else None


def _unit_word(row: ItemRow) -> str:
    return row.name.lstrip("0123456789 ")


def _of_columns(words: str, price: Decimal | None) -> Quantity | None:
    """Of the numbers around the name a count and a unit price that make the price."""
    columns = _COLUMNS.search(words)
    if not columns or price is None:
        return None
    numbers = columns[0].split()
    units = [amount.value for number in numbers for amount in find_amounts(number)]
    counts = [Decimal(number) for number in numbers if _COUNT.fullmatch(number)]
    leading = _LEADING_COUNT.match(words)
    if leading:
        counts.append(Decimal(leading[1]))
    made = [Quantity(count, None, unit) for unit in units for count in counts if count > 0]
    near = (one for one in made if len(numbers) > 1 and one.nearly_makes(price))
    return next((one for one in made if one.makes(price)), next(near, None))


def _of_leading_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """A count before the name, where nothing else can be meant, and the name without it."""
    leading = _LEADING_COUNT.match(words)
    if leading and quantity and Decimal(leading[1]) == quantity.count:
        return quantity, words[leading.end() :]
    certain = _CERTAIN_COUNT.match(words)
    if certain and not quantity and int(certain[1]) > 0 and letters(words[certain.end() :]) >= 3:
        return _each(Decimal(certain[1]), price), words[certain.end() :]
    return quantity, words


def _of_marked_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """A count with a star before it, and the words without it."""
    marked = _MARKED_COUNT.search(words)
    if quantity or price is None or not marked:
        return quantity, words
    return _each(Decimal(marked[1]), price), words[: marked.start()] + words[marked.end() :]


def _counted(row: ItemRow) -> ItemRow:
    match = _LEADING_COUNT.match(row.name)
    if match is None or int(match[1]) == 0 or letters(row.name[match.end() :]) < 3:
        return row
    quantity = row.quantity or (_each(Decimal(match[1]), row.price) if row.price else None)
    return replace(row, name=row.name[match.end() :], quantity=quantity)


def _each(count: Decimal, price: Decimal | None) -> Quantity:
    """With a unit price where the count divides the price to the cent."""
    unit = (price / count).quantize(Decimal("0.01")) if price is not None else None
    quantity = Quantity(count, None, unit)
    exact = unit is not None and price is not None and unit * count == price
    return quantity if exact else replace(quantity, unit_price=None)
