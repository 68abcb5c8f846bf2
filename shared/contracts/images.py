"""The image of a job, as a client gets it."""

from typing import Annotated

from pydantic import Field

from shared.contracts.text import Contract


class ShownImage(Contract):
    """An image as the boxes of its receipt are drawn on it: upright, as JPEG, PNG or WebP."""

    media_type: str
    content: Annotated[bytes, Field(repr=False)]
