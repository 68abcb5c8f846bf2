"""An example of every request and of every answer that has JSON."""

from api.openapi.examples import callbacks, items, jobs, receipts, search, service
from api.openapi.examples.example import Examples


def examples() -> dict[str, Examples]:
    """Return the examples of every call, by its `operationId`."""
    modules = (jobs, callbacks, receipts, items, search, service)
    return {call: shown for module in modules for call, shown in module.examples().items()}
