"""Findings of `grocery-ai doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what was seen and, unless it is ok, what to do (`cure`)."""

    name: str
    status: Literal["ok", "warning", "error"]
    detail: str
    cure: str | None = None


def ok(name: str, detail: str) -> Finding:
    """Make a finding about something that works."""
    return Finding(name, "ok", detail)


def warning(name: str, detail: str, cure: str) -> Finding:
    """Make a finding about something that works but is likely to cause trouble."""
    return Finding(name, "warning", detail, cure)


def error(name: str, detail: str, cure: str) -> Finding:
    """Make a finding about something that does not work."""
    return Finding(name, "error", detail, cure)


def reason(failure: BaseException) -> str:
    """Return the first cause in a chain of errors, as one line."""
    while failure.__cause__ is not None:
        failure = failure.__cause__
    return " ".join(f"{type(failure).__name__}: {failure}".split())
