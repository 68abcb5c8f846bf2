"""Every page loads, can be read by everybody, and fits its window; pictures of all are left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from api.console.rendering import NAVIGATION
from tests.browser.site import Site
from tests.browser.visitor import Visitor

_PHONE = 390
_LOOKS = (("light", 1300), ("dark", 1300), ("light", _PHONE), ("dark", _PHONE))


@pytest.fixture(scope="module")
def pages(site: Site, receipt_png: bytes, blank_png: bytes) -> dict[str, str]:
    """The path of every page by its name, with jobs to be seen on them."""
    read = site.receipt("kitchen", receipt_png)
    failed = [site.receipt("kitchen", blank_png, metadata={"fresh": True}) for _ in range(3)]
    sorted_ = [site.category("kitchen", metadata={"fresh": True}) for _ in range(5)]
    assert read["status"] == "succeeded"
    assert {job["status"] for job in failed} == {"failed"}
    named = {name.lower().replace(" ", "-"): path for path, name, _ in NAVIGATION}
    return {
        **named,
        "job-receipt": f"/console/jobs/{read['id']}",
        "job-failed": f"/console/jobs/{failed[0]['id']}",
        "job-category": f"/console/jobs/{sorted_[0]['id']}",
        "jobs-failed": "/console/jobs?status=failed",
    }


@pytest.mark.parametrize(("theme", "width"), _LOOKS)
def test_every_page_can_be_read_by_everybody(
    visit: Callable[..., Visitor],
    pages: dict[str, str],
    pictures: Path,
    theme: str,
    width: int,
) -> None:
    """No rule of axe-core is broken gravely, and no page is wider than its window."""
    visitor = visit(theme=theme, width=width)
    wrong = []
    for name, path in pages.items():
        answer = visitor.page.goto(path)
        visitor.page.wait_for_load_state("load")
        visitor.page.screenshot(
            path=pictures / f"{name}-{theme}-{width}.png", full_page=True, animations="disabled"
        )
        wrong += [f"{name}: {violation}" for violation in visitor.grave_violations()]
        if answer is None or not answer.ok:
            wrong.append(f"{name}: does not answer")
        if (needed := visitor.page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{name}: is {needed} pixels wide in a window of {width}")
    assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_login_can_be_read_by_everybody(
    chromium: Browser, site: Site, pictures: Path, theme: str
) -> None:
    """The page that anybody may see, and what it says of a token that does not fit."""
    context = chromium.new_context(base_url=site.guarded_url, color_scheme=theme)
    visitor = Visitor(context, site.guarded_url)
    visitor.expect_refusals(401)
    visitor.page.goto("/console/jobs?status=failed")
    visitor.page.get_by_label("Token").fill("gpai_wrong")
    visitor.page.get_by_role("button", name="Log in").click()
    visitor.page.get_by_role("alert").wait_for()
    visitor.page.screenshot(path=pictures / f"login-{theme}-1300.png")

    assert visitor.grave_violations() == []
    assert visitor.troubles == []
    context.close()
