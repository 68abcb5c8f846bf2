"""A token is read strictly, and what it is never shows."""

from hashlib import sha256

import pytest

from shared.access.tokens import new_token, read_token


def test_a_new_token_is_read_again() -> None:
    """The hash is that of the whole text, as `sha256sum` computes it."""
    token = new_token()
    sent = read_token(f"Bearer {token.text}".encode())

    assert sent is not None
    assert (sent.id, sent.hash) == (token.id, sha256(token.text.encode()).digest())
    assert sent.is_that_of(token.hash)
    assert not sent.is_that_of(new_token().hash)


def test_the_scheme_is_in_any_case() -> None:
    """HTTP says so (RFC 9110)."""
    text = new_token().text.encode()

    assert read_token(b"bearer " + text) == read_token(b"BEARER  " + text + b" ") is not None


TEXT = "gpai_" + "0" * 12 + "_" + "0" * 64


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TEXT}",
        TEXT,
        f"Bearer {TEXT}0",
        f"Bearer {TEXT[:-1]}",
        f"Bearer {TEXT.upper()}",
        f"Bearer {TEXT} {TEXT}",
        f"Bearer {TEXT}\n",
        f"Bearer {TEXT},",
        "Bearer gpai_00000000000é_" + "0" * 64,
    ],
)
def test_nothing_else_is_a_token(header: str) -> None:
    """A line break at the end is white space, which no header has."""
    sent = read_token(header.encode())

    assert sent is None or header.strip() == f"Bearer {TEXT}"


def test_a_token_does_not_show_in_logs() -> None:
    """Tracebacks and log lines show the `repr` of what is at hand."""
    token = new_token()
    sent = read_token(f"Bearer {token.text}".encode())

    assert token.text not in repr(token)
    assert token.hash.hex() not in repr(token)
    assert repr(token.hash) not in repr(token) + repr(sent)
