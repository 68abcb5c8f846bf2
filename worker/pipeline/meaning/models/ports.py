"""What categorisation and embeddings ask of a model, whichever library runs it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


class Embedder(Protocol):
    """Texts to vectors. Loaded by its constructor; calls are thread-safe."""

    @property
    def model_id(self) -> str:
        """Name of the model, as answers show it."""
        ...

    @property
    def model_version(self) -> str:
        """What else decides the vectors: those of two versions must not be compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Shape (len(texts), dimension), in the order of the texts; each row has length 1 (L2)."""
        ...


class Classifier(Protocol):
    """Names to scores over any labels. Loaded by its constructor; calls are thread-safe."""

    @property
    def model_id(self) -> str:
        """Name of the model, as answers show it."""
        ...

    @property
    def model_version(self) -> str:
        """What else decides the scores."""
        ...

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Shape (len(names), len(labels)), in their orders; each row is in 0..1 and sums to 1.

        There is at least one label, and none twice.
        """
        ...
