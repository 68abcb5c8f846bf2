"""The text of a token: how it is made, read and compared.

A token is `gpai_<id>_<secret>`. The id finds it; the secret has 256 random bits, so that its sha256
is as good as any slower hash.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

# The id as 12 hex digits, and the secret as 64.
_TOKEN = re.compile(rb"gpai_([0-9a-f]{12})_[0-9a-f]{64}")
_ID_BYTES, _SECRET_BYTES = 6, 32
# The sha256 of a token in hexadecimal, as BOOTSTRAP_TOKEN_HASH has it.
HASH_PATTERN = "^[0-9a-f]{64}$"
_BEARER = b"bearer "


@dataclass(frozen=True)
class NewToken:
    """A token that was just made. Nobody can find `text` again, so its holder gets it now."""

    id: str
    text: str = field(repr=False)
    hash: bytes = field(repr=False)


@dataclass(frozen=True)
class SentToken:
    """A token that a caller sent: the id that it claims to be, and the sha256 of its whole text."""

    id: str
    hash: bytes = field(repr=False)

    def is_that_of(self, stored: bytes) -> bool:
        """Compare the hash with a stored one, in a time that does not depend on either."""
        return hmac.compare_digest(self.hash, stored)


def new_token() -> NewToken:
    """Make a token."""
    token_id = secrets.token_hex(_ID_BYTES)
    text = f"gpai_{token_id}_{secrets.token_hex(_SECRET_BYTES)}"
    return NewToken(token_id, text, sha256(text.encode()).digest())


def read_token(authorization: bytes) -> SentToken | None:
    """Read `Bearer <token>`, the value of a header; return None if it is nothing like that."""
    if authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    text = authorization[len(_BEARER) :].strip()
    found = _TOKEN.fullmatch(text)
    return SentToken(found[1].decode(), sha256(text).digest()) if found else None
