"""Without tokens, requests that show that others reach this machine are recognised."""

import pytest

from shared.access.exposure import exposure, is_loopback

LOCAL = {"host": "localhost:8000"}


def shown(
    headers: dict[str, str],
    *,
    on_loopback: bool = True,
    version: str = "1.1",
    allowed_hosts: tuple[str, ...] = (),
) -> str | None:
    """Return what the headers show."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"http_version": version, "headers": raw}
    return exposure(scope, on_loopback=on_loopback, allowed_hosts=allowed_hosts)


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
        {**LOCAL, "sec-fetch-site": "none"},
        {**LOCAL, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
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
        ("x-forwarded", "for=192.0.2.1"),
        ("x-original-forwarded-for", "192.0.2.1"),
        ("x-envoy-external-address", "192.0.2.1"),
        ("x-cluster-client-ip", "192.0.2.1"),
        ("x-client-ip", "192.0.2.1"),
        ("true-client-ip", "192.0.2.1"),
        ("cf-connecting-ip", "192.0.2.1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "Cross-Site"),
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
    assert shown({**LOCAL, header: value}, on_loopback=on_loopback) == f"header {header.title()}"


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
    assert shown({"host": host}) == "header Host"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        *((host, True) for host in ("api:8000", "API", "worker-items", "localhost:8000")),
        *((host, True) for host in ("172.18.0.4:8000", "[fd00::4]:8000", "0.0.0.0")),
        *((host, True) for host in ("ai.example.org", "AI.example.org:8000")),
        *(
            (host, False)
            for host in ("evil.example", "evil.example:8000", "api.", "1.2.3.4.nip.io")
        ),
        *((host, False) for host in ("x.ai.example.org", "ai.example.org.", "[api]", "a b", "")),
    ],
)
def test_elsewhere_nobody_can_own_the_host(host: str, ours: bool) -> None:
    """A container is called by its name or its address. Every other name has to be allowed."""
    allowed = ("ai.example.org",)
    found = shown({"host": host}, on_loopback=False, allowed_hosts=allowed)

    assert found == (None if ours else "header Host")


def test_a_name_can_be_allowed_on_loopback() -> None:
    assert shown({"host": "ai.test:8000"}) == "header Host"
    assert shown({"host": "ai.test:8000"}, allowed_hosts=("ai.test",)) is None


@pytest.mark.parametrize("on_loopback", [True, False])
def test_one_host_is_needed(on_loopback: bool) -> None:
    """Without a Host, or with several, nobody knows what was meant."""
    twice = {"http_version": "1.1", "headers": [(b"host", b"localhost"), (b"host", b"evil")]}

    assert shown({}, on_loopback=on_loopback) == "header Host"
    assert exposure(twice, on_loopback=on_loopback) == "header Host"


def test_the_oldest_version_shows_a_proxy() -> None:
    """A bare `proxy_pass` of an older nginx adds no header, but speaks HTTP/1.0."""
    assert shown(LOCAL, version="1.0") == "version HTTP/1.0"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "api", "local", "")),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
