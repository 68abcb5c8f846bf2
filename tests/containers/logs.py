"""Looks at what our containers wrote."""

import json


def lines_that_are_not_json(log: str) -> list[str]:
    """Return the lines of a log that are no JSON object."""
    return [line for line in log.splitlines() if line.strip() and not _is_object(line)]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
