"""Results by operation, and the table of both clients."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

# For each operation, whether each of the tests that called it passed.
Results = Mapping[str, Sequence[bool]]


def read(path: Path) -> Results:
    """Return the results that the Python tests wrote; none if they did not get that far."""
    results: Results = json.loads(path.read_text()) if path.exists() else {}
    return results


def table(operations: Sequence[str], clients: Mapping[str, Results]) -> str:
    """Return a Markdown table: a row for each operation, a column for each client."""
    rows = [
        ["call", *clients],
        ["---"] * (len(clients) + 1),
        *(
            [operation, *(_cell(results.get(operation, ())) for results in clients.values())]
            for operation in operations
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(passed: Sequence[bool]) -> str:
    if not passed:
        return "—"
    if all(passed):
        return f"pass ({len(passed)})"
    return f"{passed.count(False)} of {len(passed)} failed"
