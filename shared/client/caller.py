"""The base class of the sync and the async client."""

import inspect
import os
import re
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

# A header can hold nothing else, and httpx would quote what it cannot send in its error.
_TOKEN = re.compile(r"[!-~]+")


class ClientOptions(TypedDict, total=False):
    """Optional arguments of the constructor, which has their defaults."""

    retries: int
    retry_budget: float
    timeout: float
    token: str | None


class Caller(Generic[Transport, Http]):
    """What both clients share: the service's URL, the tenant, the token, and the limits of a call.

    A call is repeated at most `retries` times, and no repeat begins later than `retry_budget`
    seconds after the first try; 0 for either means never. One try may take `timeout` seconds.
    The `token` goes with every request, and is shown nowhere. Raises ValueError for a URL that is
    not http(s), for a token that no header can hold, and for a token together with a URL that has
    a user: both would be the one header Authorization.
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
        token: str | None = None,
        transport: Transport | None = None,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(
                f"{base_url!r} is not the URL of a service: it must begin with http(s)://host"
            )
        if token is not None and url.userinfo:
            raise ValueError("a URL with a user and a token cannot be used together")
        self.tenant_id = tenant_id
        self.url = str(url.copy_with(userinfo=b""))
        self._retries = Retries(retries, retry_budget)
        self._http: Http = type(self)._open(
            base_url=url,
            headers=_authorization(token),
            timeout=timeouts(timeout),
            limits=pool(),
            transport=transport,
        )

    @classmethod
    def from_environment(cls, tenant_id: str, **options: Unpack[ClientOptions]) -> Self:
        """Create a client of the service at AI_SERVICE_URL, with the token in AI_SERVICE_TOKEN.

        If the one is not set, the client uses http://localhost:8000; if the other is not, it sends
        no token. A `token` takes precedence.
        """
        url = os.environ.get("AI_SERVICE_URL") or "http://localhost:8000"
        options.setdefault("token", os.environ.get("AI_SERVICE_TOKEN") or None)
        return cls(url, tenant_id, **options)


def _authorization(token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if not _TOKEN.fullmatch(token):
        raise ValueError("a token is a text of ASCII characters without spaces or line breaks")
    return {"Authorization": f"Bearer {token}"}


def introduced(method: Callable[P, R], build: Callable[..., Any]) -> Callable[P, R]:
    """Give a method the name, docstring and signature of the function that builds its Call."""
    update_wrapper(method, build)
    taken = inspect.signature(build)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [this, *taken.parameters.values()]
    (answer,) = get_args(taken.return_annotation)
    vars(method)["__signature__"] = taken.replace(parameters=parameters, return_annotation=answer)
    return method
