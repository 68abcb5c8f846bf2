"""The models of the items queue, run on threads so that the event loop stays free."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from shared.contracts.categories import COMMON_LABELS
from shared.settings import PipelineSettings
from worker.pipeline.meaning.loading import Models, load_models
from worker.pipeline.meaning.models.ports import Classifier, Embedder, Scores, Vectors

T = TypeVar("T")


class ItemModels:
    """Embedder and classifier, loaded once by `start`."""

    def __init__(self, slots: int, load: Callable[[], Models]) -> None:
        """`slots`: how many calls may run at once. `load` may take its time."""
        self._load = load
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="item-models")
        self._loaded_models: Models | None = None

    @classmethod
    def of(cls, settings: PipelineSettings, slots: int) -> "ItemModels":
        """Those that the settings name."""
        load = partial(
            load_models,
            settings.classifier,
            settings.classification_model,
            settings.embedding_model,
        )
        return cls(slots, load)

    async def start(self) -> None:
        """Load the models. Raises EngineUnavailable when one cannot be had."""
        self._loaded_models = await self._run(self._load_and_warm)

    @property
    def embedder(self) -> Embedder:
        """The embedding model."""
        return self._loaded().embedder

    @property
    def classifier(self) -> Classifier:
        """The classifier."""
        return self._loaded().classifier

    async def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """See Classifier.score."""
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

    def _load_and_warm(self) -> Models:
        models = self._load()
        # Embeds what is known of the common labels while nobody waits for it.
        models.classifier.score(["milk"], COMMON_LABELS)
        return models

    def _loaded(self) -> Models:
        if self._loaded_models is None:
            raise RuntimeError("the models are used before start()")
        return self._loaded_models
