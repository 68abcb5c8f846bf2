"""The requests to read a receipt, and the hints in them."""

from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.contracts.categories import CandidateLabels
from shared.contracts.fields.common import OwnedFields
from shared.contracts.fields.hints import CountryCode, CurrencyCode, Locale
from shared.contracts.text import Contract

ReceiptFeature = Literal["receipt_extraction", "extraction"]


def _missing(value: object) -> bool:
    return value is None


class ReadingHints(Contract):
    """What the caller knows of a receipt, for what its print leaves open. Clear print wins.

    `default_currency` (ISO 4217) is used if no currency is found. `country` (ISO 3166-1) decides
    between 03/04 and 04/03, what `$` and `kr` stand for, whether 1.234 has thousands, and the
    currency if the receipt shows none. `locale` (BCP 47) helps like `country` where that is not
    given, but a receipt that shows no currency gets none from it.
    """

    # A hint that is not given is left out of the stored payload, whose hash then is the one that
    # fronts without hints calculate.
    default_currency: CurrencyCode | None = Field(default=None, exclude_if=_missing)
    country: CountryCode | None = Field(default=None, exclude_if=_missing)
    locale: Locale | None = Field(default=None, exclude_if=_missing)


NO_HINTS = ReadingHints()


class ExtractionOptions(ReadingHints):
    """Options for reading. If `candidate_labels` are given, every line item gets the best one."""

    candidate_labels: CandidateLabels | None = None


class ReceiptPayload(Contract):
    """An image of one receipt, as base64 or as a `data:` URL."""

    image_base64: str
    options: ExtractionOptions = ExtractionOptions()

    @model_validator(mode="before")
    @classmethod
    def _refuse_references(cls, data: Any) -> Any:
        for field in ("image_url", "image_path"):
            if isinstance(data, dict) and data.get(field) is not None:
                raise PydanticCustomError(
                    "image_reference_refused",
                    "{field} is refused: this service fetches nothing, send image_base64",
                    {"field": field},
                )
        return data


class RichReceiptRequest(ReceiptPayload, OwnedFields):
    """The body of `POST /api/v1/receipts/extract`. It needs `account_id` or `tenant_id`."""

    feature: ReceiptFeature = "receipt_extraction"
