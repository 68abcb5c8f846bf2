"""Ground truth: a file beside an image that says what is printed on the receipt."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHAPE = (
    '{"merchant": "…", "date": "2026-03-14", "total": "21.34", "currency": "GBP", '
    '"line_items": [{"name": "…", "total_price": "1.85"}]}'
)


class BrokenTruth(ValueError):
    """A file of ground truth is not valid. The text names the file and says what is wrong."""


class TruthItem(BaseModel):
    """An item that is printed. `total_price` is None if nobody can read it on the image."""

    model_config = ConfigDict(frozen=True)

    name: str
    total_price: Decimal | None = None


class Truth(BaseModel):
    """What is printed on a receipt. A field that is None is not known and is not scored.

    Dates are ISO 8601. `date_alternatives` also count as right, for prints that are ambiguous.
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
            raise ValueError(f"none of {', '.join(known)} is given")
        return data


def find_truth(image: Path) -> Truth | None:
    """Read the ground truth of an image; None if there is none.

    Raises BrokenTruth if the file cannot be read or is not ground truth.
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
    """Return where the ground truth of an image is expected: `NAME.json` beside `NAME.jpg`."""
    return image.with_suffix(".json")
