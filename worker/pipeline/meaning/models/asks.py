"""The questions to a classifier that different callers ask at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Ask(NamedTuple):
    """A name, and the labels to choose from."""

    name: str
    labels: tuple[str, ...]


def by_labels(asks: Sequence[Ask]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Yield each set of labels, with the positions of the asks that have it."""
    positions: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, ask in enumerate(asks):
        positions[ask.labels].append(position)
    yield from positions.items()
