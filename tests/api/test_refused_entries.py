"""Refused entries of a batch that an older worker did, which leaves them out of its output."""

from typing import Any

import httpx
import pytest

from shared.contracts.embeddings import Embedding
from shared.contracts.text import Contract
from shared.settings import Settings
from tests.support.runners import LABELS, worker_with
from worker.features.runners import Product, Work

BATCH = "/api/v1/categorize-batch"
EMBED = "/api/v1/embed"


class Output(Contract):
    """The result of a batch as version 0.1.0 stored it."""

    predictions: list[Any]
    processing_time_ms: float = 1.0


class Vectors(Contract):
    """The result of an embedding job as version 0.1.0 stored it."""

    embeddings: list[Embedding]
    model: str = "m"
    dimension: int = 1


async def old(work: Work) -> Product:
    """Do a job without its refused entries."""
    assert work.payload["errors"]
    output = Vectors(embeddings=[]) if "texts" in work.payload else Output(predictions=[])
    return Product(output=output, model_id="old", model_version="1")


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        (BATCH, {"items": ["Milk", " "], "candidate_labels": LABELS}),
        (EMBED, {"texts": ["Milk", " "]}),
    ],
)
async def test_entries_that_an_older_worker_leaves_out_are_reported(
    http: httpx.AsyncClient, settings: Settings, path: str, payload: dict[str, Any]
) -> None:
    """Both the waiting call and the job have them."""
    async with worker_with(settings, old):
        answer = (await http.post(path, json={"tenant_id": "t", "payload": payload})).json()
    headers = {"X-Tenant-ID": "t"}
    job = (await http.get(f"/api/v1/jobs/{answer['metadata']['job_id']}", headers=headers)).json()

    assert [error["index"] for error in answer["payload"]["errors"]] == [1]
    assert job["output_payload"]["errors"] == answer["payload"]["errors"]
