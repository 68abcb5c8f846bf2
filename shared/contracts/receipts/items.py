"""The rows of goods on a receipt."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.receipts.amounts import Amount, JsonNumber
from shared.contracts.receipts.printed import Printed
from shared.contracts.text import Contract


class ItemKind(StrEnum):
    """What a row is about: goods, a discount, a deposit on bottles, or one that was given back."""

    GOODS = "goods"
    DISCOUNT = "discount"
    DEPOSIT = "deposit"
    DEPOSIT_RETURN = "deposit_return"


class BaseUnit(StrEnum):
    """The units in which amounts of goods can be added up."""

    GRAM = "g"
    MILLILITRE = "ml"
    PIECE = "piece"


class Pack(Contract):
    """A size in the name: `6x330ml` is `count` 6, `size` 330, `unit` ml; without a size, pieces."""

    count: Annotated[int, Field(ge=1)]
    size: JsonNumber
    unit: str


class TotalAmount(Contract):
    """How much of the goods the row is for: quantity × pack, in a base unit."""

    value: JsonNumber
    unit: BaseUnit


class BasePrice(Contract):
    """What a kilogram, a litre or a piece costs: `per` is `kg`, `l` or `piece`."""

    amount: Amount
    per: str


class LineItem(Printed):
    """One row of goods. `total_price` is for the row, `unit_price` for one unit.

    `code` is a barcode or article number and `tax_code` a letter for the tax rate, as printed.
    `discount` is the sum of the discounts on the item, as a negative amount, which have rows of
    their own; in these, `applies_to` is the index of the item, or null if they are on all.
    """

    raw_text: str
    parsed_name: str
    quantity: JsonNumber
    unit: str | None
    unit_price: Amount | None
    total_price: Amount | None
    category: str | None = None
    kind: ItemKind = ItemKind.GOODS
    code: str | None = None
    tax_code: str | None = None
    discount: Amount | None = None
    applies_to: int | None = None
    pack: Pack | None = None
    amount_total: TotalAmount | None = None
    base_price: BasePrice | None = None
