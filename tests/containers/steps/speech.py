"""Everything that our containers wrote is JSON."""

from tests.containers.commands import check
from tests.containers.logs import lines_that_are_not_json
from tests.containers.run import Run


def every_line_is_json(run: Run) -> str:
    """No container of ours, past or present, wrote a line that is not a JSON object."""
    run.keep_logs()
    wrong = {name: lines_that_are_not_json(log) for name, log in run.logs.items()}
    wrong = {name: lines for name, lines in wrong.items() if lines}
    examples = "; ".join(
        f"{name}: {len(lines)}, {lines[0][:80]!r}" for name, lines in wrong.items()
    )
    check(not wrong, examples)
    lines = sum(len(log.splitlines()) for log in run.logs.values())
    return f"{lines} lines of {len(run.logs)} containers"
