"""Without tokens, requests that show that others reach this machine are recognised."""

import pytest

from shared.access.exposure import exposure, is_loopback

LOCAL = {"host": "localhost:8000"}


def shown(headers: dict[str, str], *, on_loopback: bool = True) -> str | None:
    """Return what the headers show."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return exposure(raw, on_loopback=on_loopback)


@pytest.mark.parametrize(
    "headers",
    [
        LOCAL,
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8000"},
        {"host": "[::1]:8000"},
        {"host": "api.localhost:8000"},
        {"host": "LOCALHOST"},
        {**LOCAL, "origin": "http://localhost:8000"},
        {**LOCAL, "x-request-id": "r", "x-tenant-id": "t", "user-agent": "via"},
    ],
)
def test_programs_of_this_machine_show_nothing(headers: dict[str, str]) -> None:
    assert shown(headers) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", ""),
        ("x-real-ip", "127.0.0.1"),
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:8001"),
        ("origin", "null"),
        ("origin", "http://localhost:8000.evil.example"),
        ("origin", ""),
    ],
)
@pytest.mark.parametrize("on_loopback", [True, False])
def test_proxies_and_web_pages_show(header: str, value: str, on_loopback: bool) -> None:
    """Where this process listens does not matter."""
    assert shown({**LOCAL, header: value}, on_loopback=on_loopback) == header.title()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "192.168.0.7:8000",
        "0.0.0.0:8000",
        "localhost@evil.example",
        "localhost:8000:80",
        "localhost/",
        "[::1",
        "",
    ],
)
def test_other_hosts_show_on_loopback(host: str) -> None:
    """A web page may have had its own name resolved to this machine."""
    assert shown({"host": host}) == "Host"


def test_any_host_is_right_elsewhere() -> None:
    """A container is called by its name. Without a Host, nobody knows what was meant."""
    assert shown({"host": "api:8000"}, on_loopback=False) is None
    assert shown({}, on_loopback=False) == shown({}) == "Host"
    assert exposure([(b"host", b"localhost"), (b"host", b"evil")], on_loopback=True) == "Host"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "api", "local", "")),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
