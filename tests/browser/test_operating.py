"""What operators do in the console, from finding a job to what becomes of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.browser.visitor import Visitor


def test_a_job_is_found_by_its_trace(visitor: Visitor, site: Site, tenant: str) -> None:
    """The search takes what stands in a log line, and Enter opens the row."""
    job = site.category(tenant)
    page = visitor.page
    page.goto("/console")
    page.keyboard.press("/")
    page.keyboard.type(job["trace_id"])
    page.keyboard.press("Enter")

    page.wait_for_url("**/console/jobs?*")
    expect(page.locator("tr[data-href]")).to_have_count(1)
    page.locator("#content").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/jobs/{job['id']}*")


def test_a_job_is_found_by_its_id(visitor: Visitor, site: Site, tenant: str) -> None:
    """An id leads straight to the job."""
    job = site.category(tenant)
    visitor.page.goto(f"/console/jobs?q={job['id']}")

    assert f"/console/jobs/{job['id']}" in visitor.page.url


def test_a_queue_is_paused_and_resumed(
    visit: Callable[..., Visitor], site: Site, tenant: str
) -> None:
    """Somebody else who looks sees it within seconds, and the jobs wait meanwhile."""
    operator, watcher = visit(site.tokens.operator), visit(site.tokens.reader)
    watcher.page.goto("/console/queues")
    queue = "#queue-items"
    operator.page.goto("/console/queues")
    operator.page.locator(queue).get_by_role("button", name="Pause").click()
    operator.page.locator("dialog[open]").get_by_role("button", name="Pause").click()

    expect(watcher.page.locator(queue)).to_contain_text("paused")
    assert watcher.page.locator(queue).get_by_role("button").count() == 0

    operator.page.locator(queue).get_by_role("button", name="Resume").click()
    expect(watcher.page.locator(queue)).to_contain_text("accepting")


def test_a_confirmation_can_be_declined_with_a_key(
    visit: Callable[..., Visitor], site: Site
) -> None:
    """Esc closes the dialog, and nothing was done."""
    operator = visit(site.tokens.operator)
    operator.page.goto("/console/queues")
    queue = operator.page.locator("#queue-receipts")
    queue.get_by_role("button", name="Pause").focus()
    operator.page.keyboard.press("Enter")
    expect(operator.page.locator("dialog[open]")).to_be_visible()
    assert operator.grave_violations() == []
    operator.page.keyboard.press("Escape")

    operator.page.reload()
    expect(queue).to_contain_text("accepting")


def test_a_failure_is_retried(
    visit: Callable[..., Visitor], site: Site, blank_png: bytes, tenant: str
) -> None:
    """The button asks first, and then leads back to the job, which runs again."""
    job = site.receipt(tenant, blank_png)
    assert job["status"] == "failed"
    operator = visit(site.tokens.operator)
    operator.page.goto(f"/console/jobs/{job['id']}")
    operator.page.get_by_role("button", name="Retry").click()
    with operator.page.expect_navigation():
        operator.page.locator("dialog[open]").get_by_role("button", name="Retry").click()

    expect(operator.page.locator("#job-state")).to_have_text("failed", timeout=30_000)
    assert site.job(tenant, job["id"])["attempts"][-1]["number"] > 1


def test_a_group_of_failures_is_replayed(
    visit: Callable[..., Visitor], site: Site, blank_png: bytes, tenant: str
) -> None:
    """The preview says how many, and the page of the operation how far it is."""
    failed = site.receipt(tenant, blank_png)
    operator = visit(site.tokens.operator)
    operator.page.goto("/console/failures")
    group = operator.page.get_by_role("row").filter(has_text=failed["error"]["code"])
    group.get_by_role("button", name="Replay all").click()
    operator.page.get_by_role("button", name="Retry them").click()

    operator.page.wait_for_url("**/console/bulk/*")
    expect(operator.page.get_by_text("finished")).to_be_visible(timeout=30_000)


def test_selected_jobs_are_cancelled_after_a_preview(
    visit: Callable[..., Visitor], site: Site, tenant: str
) -> None:
    """Those that were ticked, and no other."""
    operator = visit(site.tokens.operator)
    with site.paused("items"):
        jobs = [site.category(tenant, waits=False, metadata={"fresh": True}) for _ in range(3)]
        operator.page.goto(f"/console/jobs?tenant={tenant}")
        for job in jobs[:2]:
            operator.page.locator(f"#select-{job['id']}").check()
        operator.page.get_by_role("button", name="Cancel").click()
        expect(operator.page.get_by_role("heading", name="Cancel 2 jobs?")).to_be_visible()
        operator.page.get_by_role("button", name="Cancel them").click()
        operator.page.wait_for_url("**/console/bulk/*")
        expect(operator.page.get_by_text("finished")).to_be_visible(timeout=30_000)

        states = [site.job(tenant, job["id"])["status"] for job in jobs]

    assert states == ["cancelled", "cancelled", "queued"]
