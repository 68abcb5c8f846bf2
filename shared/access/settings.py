"""The settings of who may call, from where, and how often."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.access.tokens import HASH_PATTERN

# As browsers write it: a scheme, a name or an address in lower case, and a port if it is not the
# usual one.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_USUAL_PORT = re.compile(r"http://.*:80|https://.*:443")


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value) or _USUAL_PORT.fullmatch(value):
        raise ValueError(
            "each must be an origin as browsers send it: scheme://host or scheme://host:port, in "
            "lower case, without a path, a port that is the usual one, or *"
        )
    return value


def _rate(value: str) -> str:
    # Only who limits rates needs the package.
    from limits import parse_many  # noqa: PLC0415

    try:
        rates = parse_many(value)
    except ValueError:
        rates = []
    if len(rates) != 1 or rates[0].amount < 1 or "/" not in value:
        raise ValueError("must be one rate of at least 1, such as 600/minute or 100/10 seconds")
    return value


Rate = Annotated[str, AfterValidator(_rate)]
# A name in a Host header, without its port.
HostName = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9._-]+$")]


class AccessSettings(BaseSettings):
    """The settings of who may call, from where, and how often."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    # Whether callers need tokens. Unset, it is `off` where only this machine can call, else
    # `tokens`: see `needs_tokens`.
    auth: Literal["off", "tokens"] | None = None
    # With AUTH=off, names of the front beside addresses and those without a dot.
    allowed_hosts: Annotated[tuple[HostName, ...], NoDecode] = ()
    # The sha256 of a token that may do everything, which no row of the database has.
    bootstrap_token_hash: Annotated[str | None, Field(pattern=HASH_PATTERN)] = None
    # Whether `/metrics` needs no token.
    metrics_open: bool = False
    # How long the entries of the audit are kept; by default for 90 days.
    audit_retention: Annotated[float, Field(gt=0)] = 7_776_000
    # How many requests of one token, and for one tenant, are answered.
    rate_limit_token: Rate | None = None
    rate_limit_tenant: Rate | None = None
    # The web pages of others that may call from a browser.
    cors_origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode] = ()
