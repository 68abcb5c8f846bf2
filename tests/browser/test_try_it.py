"""Somebody tries the service: a receipt or names, by mouse or by keyboard."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def test_a_receipt_is_read_while_one_watches(
    visitor: Visitor, pictures: Path, receipt_png: bytes, tenant: str
) -> None:
    """The stages come by themselves, and then the result."""
    page = visitor.page
    page.goto("/console/try")
    page.get_by_label("Tenant").first.fill(tenant)
    page.get_by_label("choose it").set_input_files(
        {"name": "receipt.png", "mimeType": "image/png", "buffer": receipt_png}
    )
    page.get_by_role("button", name="Read the receipt").click()

    page.wait_for_url("**/console/try/*")
    expect(page.locator("#try-state")).to_contain_text("succeeded", timeout=60_000)
    expect(page.locator("pre.json")).to_contain_text("GREEN VALLEY MARKET")
    expect(page.locator("ol.stages li").first).to_be_visible()
    page.screenshot(path=pictures / "try-done-light-1300.png", full_page=True)
    assert visitor.grave_violations() == []


def test_names_are_sorted_by_keyboard_alone(visitor: Visitor, tenant: str) -> None:
    """The whole form is reached with the tabulator, and sent with Enter on its button."""
    page = visitor.page
    page.goto("/console/try")
    page.get_by_label("Tenant").last.focus()
    page.keyboard.type(tenant)
    page.keyboard.press("Tab")
    page.keyboard.type("oat milk\nrye bread")
    page.keyboard.press("Tab")
    page.keyboard.type("Dairy\nBakery")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/console/try/*")
    expect(page.locator("pre.json")).to_contain_text("predicted_category", timeout=60_000)
    page.get_by_role("link", name="Everything about this job").click()
    page.wait_for_url("**/console/jobs/*")


def test_a_file_that_is_no_image_is_refused(visitor: Visitor, pictures: Path, tenant: str) -> None:
    """The page says so, and keeps what was typed."""
    visitor.expect_refusals(415, 422)
    page = visitor.page
    page.goto("/console/try")
    page.get_by_label("Tenant").first.fill(tenant)
    page.get_by_label("choose it").set_input_files(
        {"name": "notes.png", "mimeType": "image/png", "buffer": b"Buy milk."}
    )
    page.get_by_role("button", name="Read the receipt").click()

    expect(page.get_by_role("alert")).to_contain_text("unsupported_image_format")
    expect(page.get_by_label("Tenant").first).to_have_value(tenant)
    page.screenshot(path=pictures / "try-refused-light-1300.png")


def test_a_file_that_is_too_large_is_not_sent(visitor: Visitor, tenant: str) -> None:
    """The browser itself says so, in place of sending megabytes that are refused."""
    page = visitor.page
    page.goto("/console/try")
    largest = int(page.locator("#file").get_attribute("data-largest") or 0)
    page.get_by_label("Tenant").first.fill(tenant)
    page.get_by_label("choose it").set_input_files(
        {"name": "large.png", "mimeType": "image/png", "buffer": bytes(largest + 1)}
    )
    page.get_by_role("button", name="Read the receipt").click()

    assert "more than" in str(page.locator("#file").evaluate("file => file.validationMessage"))
    assert page.url.endswith("/console/try")
