"""Shows what became of the steps, which images were real, and what the images weigh."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from tests.containers.plan import Outcome


def steps_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for each step."""
    table = Table(title="Containers")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("result")
    table.add_column("notes", overflow="fold")
    for outcome in outcomes:
        table.add_row(outcome.step, f"{outcome.seconds:.1f}", outcome.result, Text(outcome.notes))
    total = sum(outcome.seconds for outcome in outcomes)
    table.add_row("all", f"{total:.1f}", "", "")
    return table


def images_table(sources: Mapping[str, str], sizes: Mapping[str, int]) -> Table:
    """Return a row for each image: where it comes from, and its size on disk.

    `sources` says for each image what it is; `sizes` has bytes.
    """
    table = Table(title="Images")
    table.add_column("image")
    table.add_column("from")
    table.add_column("MB", justify="right")
    for image, source in sources.items():
        size = f"{sizes[image] / 1e6:.0f}" if image in sizes else "–"
        table.add_row(image, source, size)
    return table
