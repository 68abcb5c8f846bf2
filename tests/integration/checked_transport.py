"""An HTTP transport that compares every answer with a contract."""

import json
import re
from typing import Any, NamedTuple, Self

import httpx
from openapi_schema_validator import OAS31Validator

from shared.local.checkout import ROOT

Json = dict[str, Any]


class Operation(NamedTuple):
    """One operation of the contract, with a pattern that its paths match."""

    name: str
    method: str
    pattern: re.Pattern[str]
    responses: Json


class Contract:
    """An OpenAPI document, by which answers are judged."""

    def __init__(self, document: Json) -> None:
        self._components = document["components"]
        self.operations = [
            Operation(
                described["operationId"],
                method.upper(),
                re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))),
                described["responses"],
            )
            for path, methods in document["paths"].items()
            for method, described in methods.items()
        ]

    @classmethod
    def snapshot(cls) -> Self:
        """Return the contract of this version, whatever a service publishes."""
        return cls(json.loads((ROOT / "tests/api/openapi.json").read_text()))

    def operation(self, request: httpx.Request) -> Operation | None:
        """Return the operation that a request is for. A path without parameters comes first."""
        found = [
            operation
            for operation in self.operations
            if operation.method == request.method and operation.pattern.fullmatch(request.url.path)
        ]
        return min(found, key=lambda operation: len(operation.pattern.pattern), default=None)

    def faults(self, operation: Operation, answer: httpx.Response) -> list[str]:
        """Return what an answer has against the contract. Its body has been read."""
        declared = operation.responses.get(str(answer.status_code))
        if declared is None:
            return [f"the status {answer.status_code} is not declared"]
        kind = answer.headers.get("content-type", "").partition(";")[0]
        media = declared.get("content", {})
        if kind not in media:
            return [f"the content type {kind} is not declared for {answer.status_code}"]
        schema = media[kind].get("schema")
        if not (schema and kind.endswith("json")):
            return []
        validator = OAS31Validator({"components": self._components, **schema})
        return [
            f"{error.json_path}: {error.message}"
            for error in validator.iter_errors(json.loads(answer.content))
        ]


class CheckedTransport(httpx.HTTPTransport):
    """A transport that fails with an AssertionError for an answer against the contract.

    `called` has the name of every operation that was called.
    """

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self._contract = contract
        self.called: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Only the head of a stream of events is compared."""
        answer = super().handle_request(request)
        operation = self._contract.operation(request)
        if operation is not None:
            if operation.name not in self.called:
                self.called.append(operation.name)
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
            faults = self._contract.faults(operation, answer)
            assert not faults, f"{operation.name} answered against its contract: {faults}"
        return answer
