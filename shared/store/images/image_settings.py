"""The settings of where images are kept."""

import re
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# The value of IMAGE_STORE without an object store.
POSTGRES = "postgres"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.-]+)*")
_FOLDER = re.compile(r"file://(/[^/\s%?#]+)+")


class ImageSettings(BaseSettings):
    """The settings of where images are kept. Durations are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    # `postgres`, or an object store: s3://bucket/prefix or file:///path, which nobody else uses.
    image_store: str = POSTGRES
    # Half of the minute after which an object without a row counts as no submission's any more
    # when the data of its tenant are deleted.
    image_store_timeout: Annotated[float, Field(gt=0, le=30)] = 10
    # For servers other than Amazon's. obstore reads the other AWS_* variables.
    aws_endpoint_url: Annotated[str | None, Field(pattern=r"^https?://")] = None

    @field_validator("image_store")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        place = value.rstrip("/")
        segments = place.split("/")
        if place == POSTGRES:
            return place
        if {".", ".."} & set(segments) or not (
            _BUCKET.fullmatch(place) or _FOLDER.fullmatch(place)
        ):
            raise ValueError("must be postgres, s3://bucket/prefix or file:///path")
        return place
