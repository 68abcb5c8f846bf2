"""An example of every request and of every answer that has JSON."""

from api.openapi.examples import items, jobs, receipts, service
from api.openapi.examples.example import Examples


def examples() -> dict[str, Examples]:
    """Return the examples of every call, by its `operationId`."""
    return {**jobs.examples(), **receipts.examples(), **items.examples(), **service.examples()}
