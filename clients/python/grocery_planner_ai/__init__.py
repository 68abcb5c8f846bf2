"""The client of the grocery planner's AI service.

Here are the clients and the errors to catch. `contracts` has the models of all answers.
"""

from grocery_planner_ai.client import AsyncServiceClient, ServiceClient, verify_callback
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
    "verify_callback",
]
