"""Check who may call: AUTH, the tokens, and the one with which commands call a service."""

import os
from collections.abc import Sequence

from shared.access.tokens import read_token
from shared.settings import Settings
from shared.store.access.tokens import LivingToken, living_tokens
from shared.store.postgres.database import Database
from worker.cli.diagnosis.finding import Finding, ok, warning

# Seconds before its end from which a token should be replaced: a week.
_ENDS_SOON = 7 * 24 * 3600
_CREATE = "grocery-ai token create NAME --scope jobs:read --scope jobs:write --tenant '*'"


async def check_access(settings: Settings, database: Database) -> list[Finding]:
    """Check that callers can prove themselves where they have to. Raises DatabaseUnavailable."""
    if not settings.needs_tokens:
        return [_without_tokens(settings)]
    tokens = await living_tokens(database.fetch)
    own = os.environ.get("AI_SERVICE_TOKEN")
    return [_tokens(settings, tokens), *([_own(settings, tokens, own)] if own else [])]


def _without_tokens(settings: Settings) -> Finding:
    if settings.on_loopback:
        return ok("access", f"AUTH=off on {settings.host}: programs of this machine need no token")
    seen = f"AUTH=off on {settings.host}: whoever reaches it sees and does everything"
    return warning("access", seen, f"Set AUTH=tokens, and make a token: {_CREATE}.")


def _tokens(settings: Settings, tokens: Sequence[LivingToken]) -> Finding:
    ending = [token for token in tokens if token.lives_for and token.lives_for < _ENDS_SOON]
    if not tokens and not settings.bootstrap_token_hash:
        seen = "callers need tokens, and there is none: every call is refused"
        return warning("access", seen, f"Make one: {_CREATE}.")
    if ending:
        ids = ", ".join(token.id for token in ending)
        seen = f"{len(tokens)} living tokens; within a week these expire: {ids}"
        return warning("access", seen, "Make others, have their callers use them, revoke these.")
    if tokens and settings.bootstrap_token_hash:
        seen = f"{len(tokens)} living tokens, and BOOTSTRAP_TOKEN_HASH allows one everything"
        return warning("access", seen, "Remove BOOTSTRAP_TOKEN_HASH once another has `admin`.")
    return ok("access", f"callers need tokens; {len(tokens)} living")


def _own(settings: Settings, tokens: Sequence[LivingToken], text: str) -> Finding:
    """Look whether the token of the environment lives. Nothing of it is shown but its id."""
    sent = read_token(f"Bearer {text}".encode())
    if sent is None:
        return warning("AI_SERVICE_TOKEN", "is no token of this service", f"Make one: {_CREATE}.")
    bootstrap = settings.bootstrap_token_hash
    if bootstrap and sent.is_that_of(bytes.fromhex(bootstrap)):
        return ok("AI_SERVICE_TOKEN", "that of BOOTSTRAP_TOKEN_HASH, which may do everything")
    for token in tokens:
        if token.id == sent.id and sent.is_that_of(token.hash):
            scopes = " ".join(sorted(token.scopes)) or "no scope"
            tenants = "all tenants" if token.tenants is None else " ".join(sorted(token.tenants))
            return ok("AI_SERVICE_TOKEN", f"{token.id}: {scopes}, for {tenants or 'no tenant'}")
    seen = f"{sent.id} is unknown, expired or revoked"
    return warning("AI_SERVICE_TOKEN", seen, f"Make another: {_CREATE}.")
