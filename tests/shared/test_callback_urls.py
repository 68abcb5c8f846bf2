"""Which URLs a callback may have, and which addresses they may lead to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.callback_urls import CallbackHosts, CallbackUrl
from shared.rejections import CallbackRefused

HOSTS = CallbackHosts(
    ["app.example.com", "*.example.org:8443", "http://app:4000", "http://localhost", "10.0.0.0/8"]
)
PUBLIC = ("8.8.8.8", "2606:4700::1")
NOT_PUBLIC = (
    "127.0.0.1", "0.0.0.0", "192.168.0.1", "172.16.0.1", "100.64.1.1", "169.254.169.254",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1",
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:8.8.8.8",
    "64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1",
    "3fff::1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://app.example.com", CallbackUrl("https", "app.example.com", 443, "/")),
        ("HTTPS://APP.example.com/a?b=c", CallbackUrl("https", "app.example.com", 443, "/a?b=c")),
        ("https://app.example.com:444/", CallbackUrl("https", "app.example.com", 444, "/")),
        ("https://a.b.example.org:8443/", CallbackUrl("https", "a.b.example.org", 8443, "/")),
        ("http://app:4000/hook", CallbackUrl("http", "app", 4000, "/hook")),
        ("https://app:4000/hook", CallbackUrl("https", "app", 4000, "/hook")),
        ("http://localhost:4000/hook", CallbackUrl("http", "localhost", 4000, "/hook")),
    ],
)
def test_listed_urls_are_allowed(text: str, expected: CallbackUrl) -> None:
    assert HOSTS.check(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://evil.com/", "not listed"),
        ("https://xapp.example.com/", "not listed"),
        ("https://app.example.com.evil.com/", "not listed"),
        ("https://example.org:8443/", "not listed"),
        ("https://a.example.org/", "not listed"),
        ("http://app.example.com/", "not listed"),
        ("http://app:4001/", "not listed"),
        ("https://10.0.0.1/", "not listed"),
        ("https://2130706433/", "not listed"),
        ("https://user@app.example.com/", "user or password"),
        ("https://:pass@app.example.com/", "user or password"),
        ("https://app.example.com@evil.com/", "user or password"),
        ("https://app.example.com/#x", "fragment"),
        ("https://evil.com#@app.example.com/", "fragment"),
        ("https://evil.com\\@app.example.com/", "percent-encode"),
        ("https://app.example.com/a b", "percent-encode"),
        ("https://app.example.com/\r\nX: y", "percent-encode"),
        ("https://\tapp.example.com/", "percent-encode"),
        ("https://münchen.example.com/", "percent-encode"),
        ("https://app.example.com:99999/", "not a URL"),
        ("https://app.example.com:0/", "port 0"),
        ("https://[::1/", "not a URL"),
        ("https://app.example.com./", "absolute https"),
        ("https://a..example.org:8443/", "absolute https"),
        (f"https://{'a' * 64}.example.org:8443/", "absolute https"),
        ("ftp://app.example.com/", "absolute https"),
        ("file:///etc/passwd", "absolute https"),
        ("//app.example.com/", "absolute https"),
        ("app.example.com", "absolute https"),
        ("https://", "absolute https"),
    ],
)
def test_other_urls_are_refused(text: str, why: str) -> None:
    with pytest.raises(CallbackRefused, match=why):
        HOSTS.check(text)


def test_callbacks_are_off_without_a_host() -> None:
    """A network alone allows nothing either."""
    for entries in ([], ["10.0.0.0/8"]):
        with pytest.raises(CallbackRefused, match="off"):
            CallbackHosts(entries).check("https://10.0.0.1/")


@pytest.mark.parametrize(
    "entry",
    ["*", "*.", "http://a/b", "ftp://a", "://a", "10.0.0.1/8", "a b", "u@h", "*.1.2.3.4",
     "http://", "a:x", "a:0", "a:99999", "", "a?b", "a..b", "https://*"],
)  # fmt: skip
def test_entries_with_a_mistake_are_refused(entry: str) -> None:
    """A mistake stops the start. It must neither allow too much nor be ignored."""
    with pytest.raises(ValueError, match=r"none of|host bits"):
        CallbackHosts([entry])


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    url = HOSTS.check("https://app.example.com/")

    assert HOSTS.permitted(url, [ip_address(address)]) == [ip_address(address)]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_refused(address: str) -> None:
    """Whoever controls a listed name must not reach what only this machine can reach."""
    url = HOSTS.check("https://app.example.com/")

    with pytest.raises(CallbackRefused, match="no public address"):
        HOSTS.permitted(url, [ip_address(address)])


def test_only_the_permitted_addresses_are_left() -> None:
    """A name may have several."""
    url = HOSTS.check("https://app.example.com/")
    addresses = [ip_address(text) for text in ("127.0.0.1", "8.8.8.8", "10.1.2.3")]

    assert HOSTS.permitted(url, addresses) == addresses[1:]


def test_localhost_by_name_permits_loopback_and_nothing_else() -> None:
    """Development needs no network in the setting."""
    url = HOSTS.check("http://localhost:4000/")
    loopback = [ip_address("127.0.0.1"), ip_address("::1")]

    assert HOSTS.permitted(url, [*loopback, ip_address("192.168.0.1")]) == loopback


def test_an_address_by_name_permits_itself() -> None:
    """The address is checked when the job is submitted. Nothing has to be looked up."""
    hosts = CallbackHosts(["http://127.0.0.1:4000", "*.example.com", "http://[::1]:4000"])

    url = hosts.check("http://127.0.0.1:4000/")
    assert hosts.permitted(url, [ip_address("127.0.0.1")])
    assert hosts.check("http://[::1]:4000/").authority == "[::1]:4000"
    with pytest.raises(CallbackRefused, match="no public"):
        hosts.permitted(url, [ip_address("127.0.0.2")])


def test_a_listed_translation_network_permits_no_private_address() -> None:
    """Behind NAT64 every public host has an address of this network."""
    hosts = CallbackHosts(["app.example.com", "64:ff9b::/96"])
    url = hosts.check("https://app.example.com/")
    inside = [ip_address("64:ff9b::8.8.8.8"), ip_address("64:ff9b::10.0.0.1")]

    assert hosts.permitted(url, inside) == inside[:1]


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_form_of_a_private_address_gets_through(address: IPv4Address) -> None:
    """An address of IPv4 that is refused is also refused inside one of IPv6."""
    hosts = CallbackHosts(["app.example.com"])
    url = hosts.check("https://app.example.com/")
    value = int(address)
    forms = [IPv6Address(prefix | value) for prefix in (0, 0xFFFF << 32, 0x64FF9B << 96)]
    forms.append(IPv6Address((0x2002 << 112) | (value << 80)))

    with pytest.raises(CallbackRefused):
        hosts.permitted(url, forms)


@given(st.text())
def test_no_text_ends_in_another_error(text: str) -> None:
    """Callers send anything."""
    with pytest.raises(CallbackRefused):
        CallbackHosts(["app.example.com"]).check(text)
