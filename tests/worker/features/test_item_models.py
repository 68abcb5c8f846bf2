"""Jobs that share a call of a model get the same results as each of them alone."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from shared.contracts.categories import COMMON_LABELS
from shared.pipeline_settings import PipelineSettings
from worker.features.item_models import ItemModels
from worker.features.time_limit import TimeLimit

NAMES = [
    "whole milk", "Vollkornbrot", "ORG CRMBLD FETA 200G", "dish soap", "Heinz tomato soup",
    "a", "organic free range eggs from happy hens, 12 pack", "AA batteries", "!!!", "牛乳",
]  # fmt: skip
LABELS = [list(COMMON_LABELS), ["Food", "Drinks", "Household"], ["Quantum mechanics", "Dairy"]]


@pytest.fixture
async def models() -> AsyncIterator[ItemModels]:
    """Yield the built-in models."""
    models = ItemModels.from_settings(PipelineSettings())
    await models.start()
    yield models
    await models.close()


async def test_sharing_a_call_changes_no_result(models: ItemModels) -> None:
    """The jobs have names of all lengths, and different labels."""
    jobs = [(NAMES[n % 10 :][:3], LABELS[n % 3]) for n in range(12)]
    alone = [await models.score(*job) for job in jobs]
    vectors_alone = [await models.embed(names, 32) for names, _ in jobs]

    together = await asyncio.gather(*(models.score(*job) for job in jobs))
    vectors = await asyncio.gather(*(models.embed(names, 32) for names, _ in jobs))

    for scores, own in zip(together, alone, strict=True):
        assert np.allclose(scores, own, rtol=0, atol=1e-5)
    for shared, own_vectors in zip(vectors, vectors_alone, strict=True):
        assert np.allclose(shared, own_vectors, rtol=0, atol=1e-5)


async def test_no_names_have_no_scores(models: ItemModels) -> None:
    """The shapes are those of the ports."""
    assert (await models.score([], ["A", "B"])).shape == (0, 2)
    assert (await models.embed([], 32)).shape == (0, 384)


async def test_models_that_were_closed_are_not_used(models: ItemModels) -> None:
    """An error says so, since nobody would ever answer."""
    await models.close()

    with pytest.raises(RuntimeError, match="close"):
        await models.score(["milk"], ["Dairy"], TimeLimit(1))
