"""The sums of a receipt: taxes, payments, and the checks of its arithmetic."""

from enum import StrEnum
from typing import Literal

from shared.contracts.receipts.amounts import Amount, JsonNumber
from shared.contracts.receipts.printed import Printed
from shared.contracts.text import Contract


class PaymentMethod(StrEnum):
    """How something was paid."""

    CASH = "cash"
    CARD = "card"
    VOUCHER = "voucher"
    POINTS = "points"
    TRANSFER = "transfer"
    WALLET = "wallet"
    OTHER = "other"


class TaxLine(Printed):
    """A row about a tax. `rate` is in percent; what is not printed is null."""

    rate: JsonNumber | None = None
    net: Amount | None = None
    tax: Amount | None = None
    gross: Amount | None = None


class Payment(Printed):
    """A payment: `label` has the printed words without digits, and `last_four` are the last digits
    of the card."""

    method: PaymentMethod
    label: str
    amount: Amount | None
    last_four: str | None = None


class ArithmeticCheck(Contract):
    """A sum that should equal the total.

    `items` adds the line items, with added tax and rounding; `payment` subtracts the change from
    the cash; `tax` adds net amounts and tax. `calculated` is the closest value that such a sum
    reaches, and `closes` says whether it equals `printed`.
    """

    name: Literal["items", "payment", "tax"]
    printed: Amount
    calculated: Amount
    closes: bool
