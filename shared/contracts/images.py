"""The image of a job, as a client gets it."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.text import Contract


class ShownImage(Contract):
    """An image as the boxes of its receipt are drawn on it: upright, as JPEG, PNG or WebP."""

    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    content: Annotated[bytes, Field(repr=False)]
