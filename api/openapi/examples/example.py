"""The examples of one call, made from contract models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.text import Contract

_JSON = "application/json"
# What the documents show where an id is needed.
REQUEST_ID = "6d8454df-a8af-457a-a496-10271c48155b"
TRACE_ID = "97c83a495f9af4370b0c6e0205cff509"
TENANT = "household-7"


@dataclass(frozen=True)
class Examples:
    """Examples of a call's JSON: requests by what they show, and the answer of each status."""

    requests: Mapping[str, Contract] = field(default_factory=dict)
    answers: Mapping[int, Contract | dict[str, Any]] = field(default_factory=dict)
    # Whether the call leaves out the fields of its answer that are not set.
    sparse: bool = False

    def add_to(self, operation: dict[str, Any]) -> None:
        """Put the examples into an operation of the OpenAPI document."""
        if self.requests:
            operation["requestBody"]["content"][_JSON]["examples"] = {
                name: {
                    "summary": name,
                    "value": request.model_dump(mode="json", exclude_unset=True),
                }
                for name, request in self.requests.items()
            }
        for status, answer in self.answers.items():
            content = operation["responses"][str(status)]["content"][_JSON]
            content["example"] = self._json(answer)

    def _json(self, answer: Contract | dict[str, Any]) -> dict[str, Any]:
        if isinstance(answer, dict):
            return answer
        return answer.model_dump(mode="json", exclude_unset=self.sparse)
