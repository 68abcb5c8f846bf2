"""Runs the models of the items queue in threads, so that the event loop stays free.

Jobs that wait for the same model share its calls: 32 names in one call cost less than half as much
as each by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from shared.contracts.categories import COMMON_LABELS
from shared.pipeline_settings import PipelineSettings
from shared.process.background import background
from worker.features.rounds import Rounds
from worker.features.time_limit import TimeLimit
from worker.pipeline.meaning.configured_models import Models, load_models
from worker.pipeline.meaning.models.asks import Ask
from worker.pipeline.meaning.models.ports import Classifier, Embedder, Row, Scores, Vectors

T = TypeVar("T")

# The most texts of a round of the embedder. From 16 on, one costs hardly less with more beside it.
_TEXTS = 32
# The most letters of a round, about 250 tokens, so that it takes less than a tenth of a second.
_LETTERS = 1000


class _Running(NamedTuple):
    """The models, and the rounds in which they are used."""

    models: Models
    scoring: Rounds[Ask, Row]
    embedding: Rounds[str, Vectors]


class ItemModels:
    """The embedding model and the classifier, which `start` loads once."""

    def __init__(self, load: Callable[[], Models]) -> None:
        """`load` runs in a thread too."""
        self._load = load
        self._threads = ThreadPoolExecutor(thread_name_prefix="item-models")
        self._running: _Running | None = None
        self._serving = AsyncExitStack()

    @classmethod
    def from_settings(cls, settings: PipelineSettings) -> "ItemModels":
        """Build the models that the settings name."""
        load = partial(
            load_models,
            settings.classifier,
            settings.classification_model,
            settings.embedding_model,
            settings.multilingual_model,
        )
        return cls(load)

    async def start(self) -> None:
        """Load the models. Raises EngineUnavailable if one cannot be loaded."""
        models = await self._in_thread(self._load_and_warm)
        running = _Running(
            models,
            Rounds(
                lambda asks: self._in_thread(partial(models.classifier.score_each, asks)),
                size=lambda ask: len(ask.name),
                most=models.classifier.names_at_once,
                most_size=_LETTERS,
            ),
            Rounds(
                lambda texts: self._in_thread(lambda: list(models.embedder.embed(texts))),
                size=len,
                most=_TEXTS,
                most_size=_LETTERS,
            ),
        )
        # Embeddings have a thread of their own, so that they do not hold back suggestions.
        for _ in range(models.classifier.calls_at_once):
            await self._serving.enter_async_context(background(running.scoring.serve(), "scoring"))
        await self._serving.enter_async_context(background(running.embedding.serve(), "embedding"))
        self._running = running

    @property
    def embedder(self) -> Embedder:
        """The embedding model. Raises RuntimeError before `start`."""
        return self._started().models.embedder

    @property
    def classifier(self) -> Classifier:
        """The classifier. Raises RuntimeError before `start`."""
        return self._started().models.classifier

    async def score(
        self, names: Sequence[str], labels: Sequence[str], limit: TimeLimit | None = None
    ) -> Scores:
        """Return what `Classifier.score` does. `limit` does not count the wait for solo rounds."""
        shared = tuple(labels)
        asks = [Ask(name, shared) for name in names]
        rows = await self._started().scoring.answers(asks, limit or TimeLimit())
        return np.array(rows, dtype=np.float64).reshape(len(names), len(labels))

    async def embed(
        self, texts: Sequence[str], batch_size: int, limit: TimeLimit | None = None
    ) -> Vectors:
        """Return what `Embedder.embed` does. `limit` does not count the wait for solo rounds."""
        running = self._started()
        rows = await running.embedding.answers(texts, limit or TimeLimit(), batch_size)
        shape = (len(texts), running.models.embedder.dimension)
        return np.array(rows, dtype=np.float32).reshape(shape)

    async def close(self) -> None:
        """Wait for the running calls, and start no more. Whoever still waits is cancelled."""
        self._running = None
        await self._serving.aclose()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _load_and_warm(self) -> Models:
        models = self._load()
        # The first use of a label embeds what is known of it, so do that while nobody waits.
        models.classifier.score(["milk"], COMMON_LABELS)
        return models

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the models were used before start(), or after close()")
        return self._running
