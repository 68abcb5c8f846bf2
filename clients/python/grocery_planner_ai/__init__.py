"""The client of the grocery planner's AI service.

Here are the clients and the errors to catch. `contracts` has the models of all answers. A name is
imported when it is first used, since pytest imports this package in every run, for its fixtures.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grocery_planner_ai.client import (
        AsyncServiceClient,
        ServiceClient,
        UnknownCallback,
        verify_callback,
    )
    from grocery_planner_ai.errors import (
        BadInput,
        Bug,
        Cancelled,
        Crashed,
        ServiceError,
        TimedOut,
        Transient,
        Unavailable,
    )

__all__ = [
    "AsyncServiceClient",
    "BadInput",
    "Bug",
    "Cancelled",
    "Crashed",
    "ServiceClient",
    "ServiceError",
    "TimedOut",
    "Transient",
    "Unavailable",
    "UnknownCallback",
    "verify_callback",
]

# What comes from the client; the rest are errors.
_CLIENT = ("AsyncServiceClient", "ServiceClient", "UnknownCallback", "verify_callback")


# Type checkers would take any name for one of the package if they saw this function.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what is public. Raises AttributeError for any other name."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        origin = "client" if name in _CLIENT else "errors"
        return getattr(import_module(f"{__name__}.{origin}"), name)


def __dir__() -> list[str]:
    """Return the names, also those that nothing has used yet."""
    return sorted({*globals(), *__all__})
