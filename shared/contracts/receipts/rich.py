"""The rich shape: everything that was read, with the evidence."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.printed import ImagePage
from shared.contracts.text import CONTRACT_VERSION, Contract


class RichReceipt(Contract):
    """The rich shape: `output_payload` of a receipt job and answer of `/receipts/extract`.

    `model_id` names the engine, `model_version` also its version, and `read_at` is when it was
    done. Outputs that version 0.1.0 stored have neither `model_id` nor `read_at`.

    If the image shows several receipts, `receipts` has all of them, from the top left, and
    `extraction` the first; otherwise it is empty. `pages` has the sides of the image that `boxes`
    lie on.
    """

    version: str = CONTRACT_VERSION
    request_id: str | None
    status: Literal["success"] = "success"
    processing_time_ms: float
    model_id: str | None = None
    model_version: str
    read_at: datetime | None = None
    extraction: Extraction
    receipts: list[Extraction] = Field(default_factory=list)
    pages: list[ImagePage] = Field(default_factory=list)

    @property
    def extractions(self) -> list[Extraction]:
        """All receipts in the image, of which there is at least one."""
        return self.receipts or [self.extraction]
