"""The models of the items queue, run on threads so that the event loop stays free."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from worker.pipeline.meaning.categories import load_meanings
from worker.pipeline.meaning.onnx_embedder import OnnxEmbedder
from worker.pipeline.meaning.ports import Classifier, Embedder, Scores, Vectors
from worker.pipeline.meaning.similarity import SimilarityClassifier

T = TypeVar("T")

# The labels that the grocery planner uses unless a household has its own.
_COMMON_LABELS = (
    "Produce", "Dairy", "Bakery", "Meat & Seafood", "Frozen", "Pantry", "Beverages", "Snacks",
    "Household", "Other",
)  # fmt: skip


class ItemModels:
    """Embedder and classifier, loaded once by `start`."""

    def __init__(self, slots: int) -> None:
        """`slots`: how many calls may run at once."""
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="item-models")
        self._embedder: Embedder | None = None
        self._classifier: Classifier | None = None

    async def start(self) -> None:
        """Load the models. Raises FileNotFoundError when a model package is missing."""
        self._embedder, self._classifier = await self._run(_load)

    @property
    def embedder(self) -> Embedder:
        """The embedding model."""
        return _loaded(self._embedder)

    @property
    def classifier(self) -> Classifier:
        """The classifier."""
        return _loaded(self._classifier)

    async def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """See Classifier.score."""
        return await self._run(lambda: self.classifier.score(names, labels))

    async def embed(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """See Embedder.embed."""
        return await self._run(lambda: self.embedder.embed(texts, batch_size))

    def close(self) -> None:
        """Let running calls end; start no more."""
        self._threads.shutdown(cancel_futures=True)

    async def _run(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _load() -> tuple[Embedder, Classifier]:
    embedder = OnnxEmbedder()
    classifier = SimilarityClassifier(embedder, load_meanings())
    # Embeds what is known of the common labels while nobody waits for it.
    classifier.score(["milk"], _COMMON_LABELS)
    return embedder, classifier


def _loaded(model: T | None) -> T:
    if model is None:
        raise RuntimeError("the models are used before start()")
    return model
