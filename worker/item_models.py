"""The models of the items queue, run on threads so that the event loop stays free."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shared.contracts.categories import COMMON_LABELS
from worker.pipeline.meaning.categories import load_meanings
from worker.pipeline.meaning.classifier import EmbeddingClassifier, Scores
from worker.pipeline.meaning.embedder import Embedder, Vectors

T = TypeVar("T")


class ItemModels:
    """Embedder and classifier, loaded once by `start`."""

    def __init__(self, slots: int) -> None:
        """`slots`: how many calls may run at once."""
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="item-models")
        self._embedder: Embedder | None = None
        self._classifier: EmbeddingClassifier | None = None

    async def start(self) -> None:
        """Load the models. Raises FileNotFoundError when a model package is missing."""
        self._embedder, self._classifier = await self._run(_load)

    @property
    def embedder(self) -> Embedder:
        """The embedding model."""
        return _loaded(self._embedder)

    @property
    def classifier(self) -> EmbeddingClassifier:
        """The classifier."""
        return _loaded(self._classifier)

    async def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """See EmbeddingClassifier.score."""
        return await self._run(lambda: self.classifier.score(names, labels))

    async def embed(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """See Embedder.embed."""
        return await self._run(lambda: self.embedder.embed(texts, batch_size))

    async def close(self) -> None:
        """Let running calls end; start no more."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, function: Callable[[], T]) -> T:
        """A thread cannot be stopped: cancelled, this waits for its end, so that the slot stays
        taken for as long as it works."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, function)
        try:
            return await asyncio.shield(work)
        finally:
            await asyncio.wait([work])


def _load() -> tuple[Embedder, EmbeddingClassifier]:
    embedder = Embedder()
    classifier = EmbeddingClassifier(embedder, load_meanings())
    # Embeds what is known of the common labels while nobody waits for it.
    classifier.score(["milk"], COMMON_LABELS)
    return embedder, classifier


def _loaded(model: T | None) -> T:
    if model is None:
        raise RuntimeError("the models are used before start()")
    return model
