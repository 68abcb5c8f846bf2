"""The interfaces of embedders and classifiers, whichever library runs the model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.pipeline.meaning.models.asks import Ask

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
# The scores of one name.
Row = npt.NDArray[np.float64]


class Embedder(Protocol):
    """Turns texts into vectors. Its constructor loads the model; calls are thread-safe."""

    @property
    def model_id(self) -> str:
        """Name of the model, as answers show it."""
        ...

    @property
    def model_version(self) -> str:
        """Everything else the vectors depend on; those of two versions must not be compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Return shape (len(texts), dimension) in the order of `texts`; rows have L2 norm 1."""
        ...


class Classifier(Protocol):
    """Scores names over any labels. Its constructor loads the model; calls are thread-safe."""

    @property
    def model_id(self) -> str:
        """Name of the model, as answers show it."""
        ...

    @property
    def model_version(self) -> str:
        """Everything else the scores depend on."""
        ...

    @property
    def names_at_once(self) -> int:
        """The number of names from which on a call with more costs no less for each."""
        ...

    @property
    def calls_at_once(self) -> int:
        """The number of calls that should run at once, if enough names wait."""
        ...

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Return scores from 0 to 1 of shape (len(names), len(labels)); each row sums to 1.

        There must be at least one label, and no label twice.
        """
        ...

    def score_each(self, asks: Sequence[Ask]) -> Sequence[Row]:
        """Return what `score` returns for each name alone, in a row of its own.

        Names of different callers share the calls of the model, whatever their labels are.
        """
        ...
