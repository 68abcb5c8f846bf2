"""The calls that categorise names and embed texts, and wait for the answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from shared.client.calls.options import Origin, WaitingCall, split, waiting
from shared.client.http import Call
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.embeddings import EmbedAnswer
from shared.contracts.jobs import Answer


def categorize(
    item_name: str, candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[Category]]:
    """Choose the best label for one name, and wait for the answer."""
    payload = {"item_name": item_name, "candidate_labels": list(candidate_labels)}
    return waiting("/api/v1/categorize", payload, Answer[Category], options)


def categorize_batch(
    names: Sequence[str], candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[CategoryBatch]]:
    """Choose the best label for each of up to 50 names, and wait. Ids are the positions from 0."""
    items = [{"id": index, "name": name} for index, name in enumerate(names)]
    payload = {"items": items, "candidate_labels": list(candidate_labels)}
    return waiting("/api/v1/categorize-batch", payload, Answer[CategoryBatch], options)


def embed(texts: Sequence[str], **origin: Unpack[Origin]) -> Call[EmbedAnswer]:
    """Return a unit vector for each of up to 256 texts, in their order, and wait for them."""
    return _embedding("/api/v1/embed", {}, texts, origin)


def embed_batch(
    texts: Sequence[str], batch_size: int = 32, **origin: Unpack[Origin]
) -> Call[EmbedAnswer]:
    """Embed as `embed` does, with at most `batch_size` texts (1 to 256) at a time in the model."""
    return _embedding("/api/v1/embed/batch", {"batch_size": batch_size}, texts, origin)


def _embedding(
    path: str, body: Mapping[str, Any], texts: Sequence[str], origin: Origin
) -> Call[EmbedAnswer]:
    fields, headers = split(origin)
    listed = [{"id": index, "text": text} for index, text in enumerate(texts)]
    return Call(
        "POST", path, EmbedAnswer, json={**body, "texts": listed, **fields}, headers=headers
    )
