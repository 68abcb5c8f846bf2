"""Categorisation: from item names and the caller's labels to a label with a confidence."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.contracts.fields.entries import (
    EntryError,
    RefusedEntries,
    or_plain_text,
    sort_out,
)
from shared.contracts.text import Contract, EntryId, Label, Name

MAX_LABELS = 100
MAX_ITEMS = 50
# The labels that the grocery planner uses unless a household has its own.
COMMON_LABELS = (
    "Produce", "Dairy", "Bakery", "Meat & Seafood", "Frozen", "Pantry", "Beverages", "Snacks",
    "Household", "Other",
)  # fmt: skip


def _without_repeats(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(labels))


CandidateLabels = Annotated[
    list[Label], Field(min_length=1, max_length=MAX_LABELS), AfterValidator(_without_repeats)
]
ConfidenceLevel = Literal["high", "medium", "low"]


def confidence_level(confidence: float) -> ConfidenceLevel:
    """Return the word for a confidence from 0 to 1: high from 0.80, medium from 0.50, else low."""
    if confidence >= 0.80:
        return "high"
    return "medium" if confidence >= 0.50 else "low"


class CategorizePayload(Contract):
    """One item name and the labels to choose among."""

    item_name: Name
    candidate_labels: CandidateLabels


class Category(Contract):
    """The best label for one item. `all_scores` has a score for every label; they sum to 1."""

    category: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    confidence_level: ConfidenceLevel
    all_scores: dict[str, float]
    processing_time_ms: float


class BatchItem(Contract):
    """An item of a batch. `id` is the caller's and is returned unchanged."""

    id: EntryId
    name: Name


class StoredItems(Contract):
    """What a job stores of a batch: the good items, the labels, and why others were refused."""

    items: list[BatchItem]
    candidate_labels: CandidateLabels
    errors: RefusedEntries


class CategorizeBatchPayload(StoredItems):
    """Up to 50 items and one set of labels. The id of a plain string is its position, from 0."""

    items: Annotated[
        list[BatchItem],
        Field(min_length=1, max_length=MAX_ITEMS, json_schema_extra=or_plain_text),
    ]

    @model_validator(mode="before")
    @classmethod
    def _sort_out(cls, data: Any) -> Any:
        return sort_out(data, "items", BatchItem, "name", MAX_ITEMS)


class Prediction(Contract):
    """The best label of one item of a batch."""

    id: int | str
    name: str
    predicted_category: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    confidence_level: ConfidenceLevel


class CategoryBatch(Contract):
    """The predictions for the good items of a batch, in their order, and the bad ones' errors."""

    predictions: list[Prediction]
    errors: list[EntryError] = Field(default_factory=list)
    processing_time_ms: float
