"""What the sync and the async client have in common, apart from how they wait."""

import inspect
import os
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypedDict, TypeVar, Unpack, get_args

import httpx

from shared.client.http import limits
from shared.client.retries import Retries

P = ParamSpec("P")
R = TypeVar("R")
Transport = TypeVar("Transport")
Http = TypeVar("Http")

# A little longer than the longest wait of the service, so that it is the one to end it.
TIMEOUT = 70.0
RETRIES = 4
RETRY_BUDGET = 120.0


class ClientOptions(TypedDict, total=False):
    """The constructor's options, with its defaults."""

    retries: int
    retry_budget: float
    timeout: float


class Caller(Generic[Transport, Http]):
    """Whom a client calls, for whom, and for how long.

    `retries`: how often a call is repeated at most; `retry_budget`: no repeat begins more seconds
    after the call than that. 0 of either: never. `timeout`: seconds that one try may take. Raises
    ValueError for a URL that is not http(s).
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
            raise ValueError(f"{base_url!r} is no URL of a service: it begins with http(s)://host")
        self.tenant_id = tenant_id
        self.url = str(url.copy_with(userinfo=b""))
        self._retries = Retries(retries, retry_budget)
        self._http: Http = type(self)._open(
            base_url=url, timeout=limits(timeout), transport=transport
        )

    @classmethod
    def from_environment(cls, tenant_id: str, **options: Unpack[ClientOptions]) -> Self:
        """A client of the service at AI_SERVICE_URL; when that is not set, at this machine's port
        8000."""
        url = os.environ.get("AI_SERVICE_URL") or "http://localhost:8000"
        return cls(url, tenant_id, **options)


def introduced(method: Callable[P, R], build: Callable[..., Any]) -> Callable[P, R]:
    """Give a method the name, the docstring and the signature of what builds its Call."""
    update_wrapper(method, build)
    taken = inspect.signature(build)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [itself, *taken.parameters.values()]
    (answer,) = get_args(taken.return_annotation)
    vars(method)["__signature__"] = taken.replace(parameters=parameters, return_annotation=answer)
    return method
