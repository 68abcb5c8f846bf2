"""Builds the OpenAPI document from the routes, and adds what they do not declare themselves."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.openapi.examples import examples
from api.openapi.headers import HEADERS, PARAMETERS, add_headers
from api.openapi.webhooks import webhooks
from api.requests.field_walk import CLOSED
from shared.contracts.callbacks import CallbackBody
from shared.contracts.events import JobEvent, StageEvent
from shared.contracts.problems import Problem
from shared.contracts.receipts.requests import RichReceiptRequest

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_JOB = {"$ref": f"{_SCHEMAS}JobView"}
# What can be asked next about a job, by the calls that answer with one.
_LINKS = ("getJob", "cancelJob", "retryJob", "streamJobEvents", "listJobCallbacks")


class DescribedApplication(FastAPI):
    """An application whose `/openapi.json` also has headers, links and examples."""

    def openapi(self) -> Json:
        """Return the OpenAPI document, which is built once."""
        if self.openapi_schema is None:
            self.openapi_schema = _complete(super().openapi())
        return self.openapi_schema


def operations(document: Json) -> Iterator[Json]:
    """Yield every operation of an OpenAPI document."""
    for methods in document["paths"].values():
        yield from methods.values()


def _complete(document: Json) -> Json:
    components = document["components"]
    components["schemas"] |= _schemas_of_other_models()
    for model in CLOSED:
        components["schemas"][model.__name__]["additionalProperties"] = False
    components["headers"] = HEADERS
    components["parameters"] = PARAMETERS
    document["webhooks"] = webhooks()
    by_call = examples()
    for operation in operations(document):
        operation["summary"] = _summary(operation["description"])
        add_headers(operation)
        if shown := by_call.get(operation["operationId"]):
            shown.add_to(operation)
        _add_links(operation)
        _require_discriminators(operation)
    return document


def _summary(description: str) -> str:
    """Return what comes before the first full stop, colon or semicolon.

    FastAPI's own summary only repeats the name of the route.
    """
    return re.split(r"[.:;](?:\s|$)", description, maxsplit=1)[0].replace("\n", " ")


def _schemas_of_other_models() -> Json:
    """Return the schemas of models that are in no route's signature."""
    _, schemas = models_json_schema(
        [
            (Problem, "serialization"),
            (CallbackBody, "serialization"),
            (JobEvent, "serialization"),
            (StageEvent, "serialization"),
            (RichReceiptRequest, "validation"),
        ],
        ref_template=f"{_SCHEMAS}{{model}}",
    )
    found: Json = schemas["$defs"]
    return found


def _add_links(operation: Json) -> None:
    for status, answer in operation["responses"].items():
        body = answer.get("content", {}).get("application/json", {})
        if status.startswith("2") and body.get("schema") == _JOB:
            answer["links"] = {name: _link(name) for name in _LINKS}


def _require_discriminators(operation: Json) -> None:
    """Say that the field that decides which of several models a body has is required.

    The models behind it have a default for it, because most calls take only one of them.
    """
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if discriminator := schema.get("discriminator"):
            schema["required"] = [discriminator["propertyName"]]


def _link(name: str) -> Json:
    return {
        "operationId": name,
        "parameters": {
            "path.job_id": "$response.body#/id",
            "header.X-Tenant-ID": "$response.body#/tenant_id",
        },
    }
