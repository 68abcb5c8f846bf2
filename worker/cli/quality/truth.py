"""Ground truth: what is printed on a receipt, in a file beside its image."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHAPE = (
    '{"merchant": "…", "date": "2026-03-14", "total": "21.34", "currency": "GBP", '
    '"line_items": [{"name": "…", "total_price": "1.85"}]}'
)


class BrokenTruth(ValueError):
    """A file that ought to hold ground truth does not; the text names it and says why."""


class TruthItem(BaseModel):
    """`total_price` is null where it cannot be read on the image by anybody."""

    model_config = ConfigDict(frozen=True)

    name: str
    total_price: Decimal | None = None


class Truth(BaseModel):
    """What is null or missing is not known, and not scored.

    `date` is ISO 8601; `date_alternatives` are right as well, where the print is ambiguous.
    """

    model_config = ConfigDict(frozen=True)

    merchant: str | None = None
    date: str | None = None
    date_alternatives: list[str] = Field(default_factory=list)
    total: Decimal | None = None
    currency: str | None = None
    line_items: list[TruthItem] | None = None

    @model_validator(mode="before")
    @classmethod
    def _knows_something(cls, data: Any) -> Any:
        known = ("merchant", "date", "total", "currency", "line_items")
        if isinstance(data, dict) and not any(data.get(name) for name in known):
            raise ValueError(f"none of {', '.join(known)} is there")
        return data


def find_truth(image: Path) -> Truth | None:
    """From `NAME.json` beside `NAME.jpg`; None where there is no such file.

    Raises BrokenTruth.
    """
    path = truth_path(image)
    try:
        return Truth.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenTruth(f"{path}: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BrokenTruth(
            f"{path}: {f'{where}: ' if where else ''}{first['msg']}. Expected is {SHAPE}"
        ) from error


def truth_path(image: Path) -> Path:
    """Where the ground truth of an image is looked for."""
    return image.with_suffix(".json")
