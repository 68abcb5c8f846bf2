"""What is wrong with a request, from the errors of its validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared import rejections
from shared.contracts.features import Feature
from shared.contracts.problems import FieldProblem

# Our codes for pydantic's error types; all others are `invalid_request`.
_CODE_BY_CHECK = {
    "image_reference_refused": rejections.ImageReferenceRefused.code,
    "tenant_required": rejections.TenantRequired.code,
    "union_tag_invalid": rejections.UnknownFeature.code,
    "json_invalid": rejections.MalformedBody.code,
    "unknown_field": rejections.UnknownField.code,
}
# Characters of a message.
_LONGEST_MESSAGE = 500
# What pydantic puts before the path of a field where a body may be of several kinds.
_KINDS = {*Feature, "extraction", "embedding_batch", "envelope", "flat"}


@dataclass(frozen=True)
class Explanation:
    """The code of an error, a sentence for people, and up to 20 fields that are wrong."""

    code: str
    detail: str
    fields: list[FieldProblem]


def explain(found: Sequence[Mapping[str, Any]]) -> Explanation:
    """Explain errors as pydantic reports them, each with the place of the field as its `loc`."""
    fields = [
        FieldProblem(field=_path(problem), message=_cut(_message(problem)))
        for problem in found[:20]
    ]
    return Explanation(
        code=_CODE_BY_CHECK.get(found[0]["type"], rejections.InvalidRequest.code),
        detail="; ".join(f"{problem.field}: {problem.message}" for problem in fields[:3]),
        fields=fields,
    )


def _message(problem: Mapping[str, Any]) -> str:
    """Return what pydantic says of a field. Only about an unknown feature does it quote a value."""
    if problem["type"] == "union_tag_invalid":
        return f"The feature is none of {problem['ctx']['expected_tags']}"
    return str(problem["msg"])


def _cut(message: str) -> str:
    longest = _LONGEST_MESSAGE
    return message if len(message) <= longest else f"{message[: longest - 1]}…"


def _path(problem: Mapping[str, Any]) -> str:
    """Return the dotted path of a field, without the place and the kind of its request."""
    parts = [str(part) for part in problem["loc"][1:]]
    # pydantic did not report an unknown field, whose name may be anything.
    of_kind = problem["type"] != rejections.UnknownField.code and parts[:1] and parts[0] in _KINDS
    return ".".join(parts[1:] if of_kind else parts) or "body"
