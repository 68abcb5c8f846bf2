"""What those who only read are not offered, and not allowed either."""

from collections.abc import Callable

import pytest

from tests.browser.site import Site
from tests.browser.visitor import Visitor

# Everything that changes something, by its path.
CHANGES = (
    "/console/jobs/{job}/retry",
    "/console/jobs/{job}/cancel",
    "/console/bulk",
    "/console/queues/receipts/pause",
    "/console/queues/receipts/resume",
    "/console/try",
)


@pytest.mark.parametrize("path", CHANGES)
def test_a_reader_may_not_change_anything(
    visit: Callable[..., Visitor], site: Site, path: str
) -> None:
    """A form that was made by hand is refused, though it has the token of the reader's page."""
    job = site.category("kitchen")
    reader = visit(site.tokens.reader)
    csrf = reader.page.locator('input[name="csrf"]').first.get_attribute("value")

    status = reader.cross_site_post(path.format(job=job["id"]), {"csrf": csrf or ""})

    assert status == 403


@pytest.mark.parametrize("path", CHANGES)
def test_a_form_of_another_site_is_refused(
    visit: Callable[..., Visitor], site: Site, path: str
) -> None:
    """The cookie of an operator comes with it, but not what only our pages know."""
    job = site.category("kitchen")
    operator = visit(site.tokens.operator)

    assert operator.cross_site_post(path.format(job=job["id"]), {"csrf": "guessed"}) == 403


def test_a_reader_sees_nobody_elses_job(visit: Callable[..., Visitor], site: Site) -> None:
    """Neither in the list nor by its address."""
    foreign = site.category("cellar")
    reader = visit(site.tokens.reader)
    reader.expect_refusals(404)

    answer = reader.page.goto(f"/console/jobs/{foreign['id']}")
    assert answer is not None
    assert answer.status == 404
    reader.page.goto("/console/jobs")
    assert foreign["id"] not in reader.page.content()


def test_who_has_logged_out_is_led_to_the_login(visit: Callable[..., Visitor], site: Site) -> None:
    """The way back of the browser shows nothing either."""
    operator = visit(site.tokens.operator)
    operator.page.get_by_role("button", name="Log out").click()
    operator.page.wait_for_url("**/console/login**")

    operator.page.goto("/console/jobs")

    assert "/console/login" in operator.page.url
