"""Fields as they are printed: each with a confidence, and the places where it stands."""

from typing import Annotated

from pydantic import Field

from shared.contracts.fields.hints import CurrencySource
from shared.contracts.receipts.amounts import Amount, Confidence
from shared.contracts.text import Contract

# x and y in pixels from the top left.
Point = tuple[float, float]


class ImagePage(Contract):
    """A page of the image: its number from 1, and its sides in pixels as `boxes` count them."""

    number: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class Box(Contract):
    """A place on the image.

    `page` counts from 1. `polygon` has four corners, clockwise from the top left of the text, in
    pixels of the upright original: what `GET /api/v1/jobs/{id}/image` shows.
    """

    page: Annotated[int, Field(ge=1)]
    polygon: list[Point]


class Printed(Contract):
    """What every printed field has. `boxes` is empty if the field was inferred, not printed."""

    confidence: Confidence
    boxes: list[Box] = Field(default_factory=list)


class PrintedText(Printed):
    """A text, such as a telephone number."""

    value: str


class PrintedAmount(Printed):
    """An amount that is neither the total nor a price, such as the sub-total."""

    amount: Amount


class Merchant(Printed):
    """The merchant. `name` is as printed, or null; so are the other fields.

    `tax_id` is the number under which the merchant pays taxes, and `web` the domain without
    `www.`.
    """

    name: str | None
    address: PrintedText | None = None
    phone: PrintedText | None = None
    tax_id: PrintedText | None = None
    web: PrintedText | None = None


class PrintedDate(Printed):
    """The date of the purchase. `value` is YYYY-MM-DD (ISO 8601), or null."""

    value: str | None


class Total(Printed):
    """The amount to pay, negative for a refund. `currency` is an ISO 4217 code, or null.

    `currency_source` is `printed` if the receipt shows a sign or the code of the currency,
    `inferred` if other print or a hint suggests it, and `default` if the caller or DEFAULT_CURRENCY
    named it for this case. It is null without a currency, and in results of older versions.
    """

    amount: Amount | None
    currency: str | None
    currency_source: CurrencySource | None = None
