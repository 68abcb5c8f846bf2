"""Runs the models of the items queue in threads, so that the event loop stays free."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from shared.contracts.categories import COMMON_LABELS
from shared.pipeline_settings import PipelineSettings
from worker.pipeline.meaning.configured_models import Models, load_models
from worker.pipeline.meaning.models.ports import Classifier, Embedder, Scores, Vectors

T = TypeVar("T")


class ItemModels:
    """The embedding model and the classifier, which `start` loads once."""

    def __init__(self, slots: int, load: Callable[[], Models]) -> None:
        """`slots` is how many calls may run at once. `load` runs in a thread too."""
        self._load = load
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="item-models")
        self._loaded_models: Models | None = None

    @classmethod
    def from_settings(cls, settings: PipelineSettings, slots: int) -> "ItemModels":
        """Build the models that the settings name."""
        load = partial(
            load_models,
            settings.classifier,
            settings.classification_model,
            settings.embedding_model,
        )
        return cls(slots, load)

    async def start(self) -> None:
        """Load the models. Raises EngineUnavailable if one cannot be loaded."""
        self._loaded_models = await self._run(self._load_and_warm)

    @property
    def embedder(self) -> Embedder:
        """The embedding model. Raises RuntimeError before `start`."""
        return self._loaded().embedder

    @property
    def classifier(self) -> Classifier:
        """The classifier. Raises RuntimeError before `start`."""
        return self._loaded().classifier

    async def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Run `Classifier.score` in a thread."""
        return await self._run(lambda: self.classifier.score(names, labels))

    async def embed(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """Run `Embedder.embed` in a thread."""
        return await self._run(lambda: self.embedder.embed(texts, batch_size))

    async def close(self) -> None:
        """Wait for the running calls, and start no more."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, function: Callable[[], T]) -> T:
        """Run `function` in a thread, and wait for its end even when cancelled.

        A thread cannot be stopped, so the job has to keep its slot while the thread works.
        """
        work = asyncio.get_running_loop().run_in_executor(self._threads, function)
        try:
            return await asyncio.shield(work)
        finally:
            await asyncio.wait([work])

    def _load_and_warm(self) -> Models:
        models = self._load()
        # The first use of a label embeds what is known of it, so do that while nobody waits.
        models.classifier.score(["milk"], COMMON_LABELS)
        return models

    def _loaded(self) -> Models:
        if self._loaded_models is None:
            raise RuntimeError("the models were used before start()")
        return self._loaded_models
