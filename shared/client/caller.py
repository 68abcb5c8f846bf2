"""The base class of the sync and the async client."""

import inspect
import os
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypedDict, TypeVar, Unpack, get_args

import httpx

from shared.client.connections import pool, timeouts
from shared.client.retries import Retries

P = ParamSpec("P")
R = TypeVar("R")
Transport = TypeVar("Transport")
Http = TypeVar("Http")

# Seconds; slightly longer than the service lets a caller wait, so that the service ends the wait.
TIMEOUT = 70.0
RETRIES = 4
RETRY_BUDGET = 120.0  # seconds
# Seconds. A service that can be reached answers its readiness probe within about one.
VALIDATION_TIMEOUT = 3.0


class ClientOptions(TypedDict, total=False):
    """Optional arguments of the constructor, which has their defaults."""

    retries: int
    retry_budget: float
    timeout: float


class Caller(Generic[Transport, Http]):
    """What both clients share: the service's URL, the tenant, and the limits of a call.

    A call is repeated at most `retries` times, and no repeat begins later than `retry_budget`
    seconds after the first try; 0 for either means never. One try may take `timeout` seconds.
    Raises ValueError for a URL that is not http(s).
    """

    _open: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        base_url: str,
        tenant_id: str,
        *,
        retries: int = RETRIES,
        retry_budget: float = RETRY_BUDGET,
        timeout: float = TIMEOUT,
        transport: Transport | None = None,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(
                f"{base_url!r} is not the URL of a service: it must begin with http(s)://host"
            )
        self.tenant_id = tenant_id
        self.url = str(url.copy_with(userinfo=b""))
        self._retries = Retries(retries, retry_budget)
        self._http: Http = type(self)._open(
            base_url=url, timeout=timeouts(timeout), limits=pool(), transport=transport
        )

    @classmethod
    def from_environment(cls, tenant_id: str, **options: Unpack[ClientOptions]) -> Self:
        """Create a client of the service at AI_SERVICE_URL.

        If that is not set, the client uses http://localhost:8000.
        """
        url = os.environ.get("AI_SERVICE_URL") or "http://localhost:8000"
        return cls(url, tenant_id, **options)


def introduced(method: Callable[P, R], build: Callable[..., Any]) -> Callable[P, R]:
    """Give a method the name, docstring and signature of the function that builds its Call."""
    update_wrapper(method, build)
    taken = inspect.signature(build)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [this, *taken.parameters.values()]
    (answer,) = get_args(taken.return_annotation)
    vars(method)["__signature__"] = taken.replace(parameters=parameters, return_annotation=answer)
    return method
