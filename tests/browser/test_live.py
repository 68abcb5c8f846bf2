"""Pages stay up to date, and only while somebody can see them."""

from playwright.sync_api import expect

from tests.browser.visitor import Visitor

_HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", {configurable: true, get: () => state});
    Object.defineProperty(document, "hidden", {configurable: true, get: () => state === "hidden"});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
_LIVE = "**/console/live*"


def test_a_hidden_page_asks_for_nothing(visitor: Visitor) -> None:
    """The stream of a tab in the background ends, and begins again once the tab is seen."""
    with visitor.page.expect_request(_LIVE):
        visitor.page.goto("/console")
    with visitor.page.expect_event("requestfailed", lambda ended: "/live" in ended.url):
        visitor.page.evaluate(_HIDE, "hidden")
    visitor.requests.clear()

    # Longer than an interval of the region, and than the pause before a browser reconnects.
    visitor.page.wait_for_timeout(4000)

    assert visitor.requests == []
    with visitor.page.expect_request(_LIVE):
        visitor.page.evaluate(_HIDE, "visible")


def test_keys_lead_where_they_say(visitor: Visitor) -> None:
    """`/` goes to the search, without typing itself into it."""
    visitor.page.goto("/console")
    visitor.page.keyboard.press("/")

    search = visitor.page.get_by_role("searchbox").first
    expect(search).to_be_focused()
    expect(search).to_have_value("")
