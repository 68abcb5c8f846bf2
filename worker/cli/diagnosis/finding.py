"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was seen, and for all that is not ok, what to do."""

    name: str
    status: Literal["ok", "warning", "error"]
    detail: str
    cure: str | None = None


def ok(name: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(name, "ok", detail)


def warning(name: str, detail: str, cure: str) -> Finding:
    """It works, and will hurt."""
    return Finding(name, "warning", detail, cure)


def error(name: str, detail: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(name, "error", detail, cure)


def reason(failure: BaseException) -> str:
    """What lies at the bottom of a chain of errors, in one line."""
    while failure.__cause__ is not None:
        failure = failure.__cause__
    return " ".join(f"{type(failure).__name__}: {failure}".split())
