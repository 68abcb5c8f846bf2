"""Runs the models of the items queue in threads, so that the event loop stays free.

Jobs that wait for the same model share its calls: 32 names in one call cost less than half as much
as each by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial

import numpy as np

from shared.contracts.categories import COMMON_LABELS
from shared.pipeline_settings import PipelineSettings
from shared.process.background import background
from worker.features.rounds import Rounds
from worker.features.time_limit import TimeLimit
from worker.pipeline.meaning.configured_models import Models, load_models
from worker.pipeline.meaning.models.asks import Ask
from worker.pipeline.meaning.models.ports import Classifier, Embedder, Row, Scores, Vectors

# The most texts of a round. From 16 on, a text costs hardly less with more beside it.
_TEXTS = 32
# The most letters of a round, about 250 tokens, so that it takes less than a tenth of a second.
_LETTERS = 1000


class ItemModels:
    """The embedding model and the classifier, which `start` loads once."""

    def __init__(self, load: Callable[[], Models]) -> None:
        """`load` runs in a thread too."""
        self._load = load
        # One for each model, so that embeddings do not hold back suggestions.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="item-models")
        self._loaded_models: Models | None = None
        self._running = AsyncExitStack()
        self._scoring = Rounds(self._score, size=_letters_of_ask, most=_TEXTS, most_size=_LETTERS)
        self._embedding = Rounds(self._embed, size=len, most=_TEXTS, most_size=_LETTERS)

    @classmethod
    def from_settings(cls, settings: PipelineSettings) -> "ItemModels":
        """Build the models that the settings name."""
        load = partial(
            load_models,
            settings.classifier,
            settings.classification_model,
            settings.embedding_model,
        )
        return cls(load)

    async def start(self) -> None:
        """Load the models. Raises EngineUnavailable if one cannot be loaded."""
        loop = asyncio.get_running_loop()
        self._loaded_models = await loop.run_in_executor(self._threads, self._load_and_warm)
        for name, rounds in (("scoring", self._scoring), ("embedding", self._embedding)):
            await self._running.enter_async_context(background(rounds.serve(), name))

    @property
    def embedder(self) -> Embedder:
        """The embedding model. Raises RuntimeError before `start`."""
        return self._loaded().embedder

    @property
    def classifier(self) -> Classifier:
        """The classifier. Raises RuntimeError before `start`."""
        return self._loaded().classifier

    async def score(
        self, names: Sequence[str], labels: Sequence[str], limit: TimeLimit | None = None
    ) -> Scores:
        """Return what `Classifier.score` does. `limit` does not count the wait for a turn."""
        self._loaded()
        shared = tuple(labels)
        asks = [Ask(name, shared) for name in names]
        rows = await self._scoring.answers(asks, limit or TimeLimit())
        return np.array(rows, dtype=np.float64).reshape(len(names), len(labels))

    async def embed(
        self, texts: Sequence[str], batch_size: int, limit: TimeLimit | None = None
    ) -> Vectors:
        """Return what `Embedder.embed` does. `limit` does not count the wait for a turn."""
        dimension = self._loaded().embedder.dimension
        rows = await self._embedding.answers(texts, limit or TimeLimit(), batch_size)
        return np.array(rows, dtype=np.float32).reshape(len(texts), dimension)

    async def close(self) -> None:
        """Wait for the running calls, and start no more. Whoever still waits is cancelled."""
        self._loaded_models = None
        await self._running.aclose()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _score(self, asks: Sequence[Ask]) -> Sequence[Row]:
        score = self.classifier.score_each
        return await asyncio.get_running_loop().run_in_executor(self._threads, score, asks)

    async def _embed(self, texts: Sequence[str]) -> Sequence[Vectors]:
        embed = self.embedder.embed
        return list(await asyncio.get_running_loop().run_in_executor(self._threads, embed, texts))

    def _load_and_warm(self) -> Models:
        models = self._load()
        # The first use of a label embeds what is known of it, so do that while nobody waits.
        models.classifier.score(["milk"], COMMON_LABELS)
        return models

    def _loaded(self) -> Models:
        if self._loaded_models is None:
            raise RuntimeError("the models were used before start(), or after close()")
        return self._loaded_models


def _letters_of_ask(ask: Ask) -> int:
    return len(ask.name)
