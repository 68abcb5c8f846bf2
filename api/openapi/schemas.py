"""The JSON Schemas of what jobs take and result in, and of what the service answers with."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter

from shared.contracts.callbacks import CallbackBody
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.embeddings import EmbeddingBatch
from shared.contracts.features import Feature
from shared.contracts.jobs import JobView
from shared.contracts.problems import Problem
from shared.contracts.receipts.flat import FlatReceipt
from shared.contracts.receipts.rich import RichReceipt
from shared.contracts.requests import JobRequest
from shared.contracts.service.schemas import SchemaEntry
from shared.rejections import SchemaNotFound

_Mode = Literal["validation", "serialization"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "/api/v1/schemas"
# The results of jobs, in the row and in every answer that has the whole job.
_OUTPUTS: dict[Feature, type[BaseModel]] = {
    Feature.RECEIPT_EXTRACTION: RichReceipt,
    Feature.CATEGORIZATION: Category,
    Feature.CATEGORIZATION_BATCH: CategoryBatch,
    Feature.EMBEDDING: EmbeddingBatch,
}
# Bodies that are no payload or result of a job. The service sends `callback` to a receiver.
_ANSWERS: dict[str, type[BaseModel]] = {
    "job": JobView,
    "problem": Problem,
    "callback": CallbackBody,
    "flat_receipt": FlatReceipt,
}


def schema_entries() -> list[SchemaEntry]:
    """Return the name of every schema, in order, with its path and what it describes."""
    return [
        SchemaEntry(name=name, href=f"{PREFIX}/{name}", description=_description(model))
        for name, model, _ in _models()
    ]


@cache
def json_schema(wanted: str) -> dict[str, Any]:
    """Return the JSON Schema of this name, which is made once. Raises SchemaNotFound."""
    for name, model, mode in _models():
        if name == wanted:
            schema = TypeAdapter(model).json_schema(mode=mode)
            return {"$schema": _DIALECT, "$id": f"{PREFIX}/{name}", **schema}
    raise SchemaNotFound


def _models() -> Iterator[tuple[str, type[BaseModel], _Mode]]:
    for feature, payload in _payloads().items():
        yield f"{feature}.payload", payload, "validation"
        yield f"{feature}.output", _OUTPUTS[feature], "serialization"
    for name, model in _ANSWERS.items():
        yield name, model, "serialization"


def _payloads() -> dict[Feature, type[BaseModel]]:
    """Return the models of the payloads, which the requests for jobs name."""
    union, *_ = get_args(JobRequest)
    fields = (request.model_fields for request in get_args(union))
    return {Feature(named["feature"].default): named["payload"].annotation for named in fields}


def _description(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
