"""Somebody who looks at the console in a browser, and sees to it that nothing is amiss."""

from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

# What axe-core says of the worst that can be wrong with a page.
_GRAVE = {"serious", "critical"}


class Visitor:
    """A visitor with cookies of their own, one page, and all that was wrong with it so far.

    A refusal that a test provokes is logged by the browser as well; `expect_refusals` allows it.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self._allowed: tuple[str, ...] = ()
        context.on("request", self._note_request)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))

    def log_in(self, token: str) -> None:
        """Log in as people do."""
        self.page.goto("/console/login")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/console")

    def expect_refusals(self, *statuses: int) -> None:
        """Allow answers with these statuses, which the browser logs as errors."""
        self._allowed = tuple(f"the server responded with a status of {code}" for code in statuses)

    def cross_site_post(self, path: str, form: dict[str, str]) -> int:
        """Send a form with the cookies of the visitor and whatever token the form has.

        Returns the status of the answer.
        """
        return int(self.context.request.post(path, form=form, max_redirects=0).status)

    def grave_violations(self) -> list[str]:
        """Return what hinders people on this page, as axe-core judges it."""
        options = {"resultTypes": ["violations"]}
        found: dict[str, Any] = Axe().run(self.page, options=options).response
        return [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in found["violations"]
            if violation["impact"] in _GRAVE
            for node in violation["nodes"]
        ]

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)
        own = request.url.startswith((f"{self.url}/", "blob:", "data:"))
        if not own:
            self.troubles.append(f"request to {urlsplit(request.url).netloc}: {request.url}")

    def _note_message(self, message: ConsoleMessage) -> None:
        allowed = any(text in message.text for text in self._allowed)
        if message.type in ("error", "warning") and not allowed:
            self.troubles.append(f"{message.type}: {message.text}")
