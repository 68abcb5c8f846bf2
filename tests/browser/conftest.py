"""Fixtures of the tests in a browser: a running system, and visitors of its console.

Every test is synchronous: Playwright runs a loop of its own in the process of the tests. Whatever
starts another loop, such as the servers' fixtures, is set up before it and taken down after it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from shared.access.scopes import Scope
from shared.access.tokens import new_token
from shared.local import stack
from shared.local.checkout import DATA
from shared.local.processes import free_port
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.browser.site import Site, Tokens
from tests.browser.visitor import Visitor
from tests.support.access.tokens import stored_token
from tests.support.plugins.left_out import PACKAGES, program_path
from tests.support.processes.running_system import running_system


@pytest.fixture(scope="session")
def site(servers: stack.Servers, folder: Path, migrated: str) -> Iterator[Site]:
    """A worker and two fronts of one database: one is open, the other wants tokens."""
    bootstrap = new_token()
    logs = folder / "logs"
    logs.mkdir()
    tokens = asyncio.run(_tokens(migrated, servers.redis_url))
    with ExitStack() as running:
        system = running.enter_context(running_system(servers, migrated, logs, {}))
        env = {**system.env, "AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": bootstrap.hash.hex()}
        port = free_port()
        running.enter_context(stack.front(env, port, logs / "guarded.log"))
        yield Site(system.url, f"http://127.0.0.1:{port}", tokens, logs)


async def _tokens(database_url: str, redis_url: str) -> Tokens:
    settings = Settings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url))
    database = Database.from_settings(settings, process="test")
    operates = (Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.ADMIN)
    try:
        return Tokens(
            operator=await stored_token(database, "*", scopes=operates),
            reader=await stored_token(database, "kitchen", scopes=(Scope.JOBS_READ,)),
        )
    finally:
        await database.close()


@pytest.fixture(scope="session")
def chromium(site: Site) -> Iterator[Browser]:
    """Debian's browser, which draws on no screen. It is closed before the site is."""
    program = program_path("chromium")
    if program is None:
        pytest.skip(f"chromium is not installed: apt-get install {PACKAGES['chromium']}")
    with sync_playwright() as playwright:
        # Root may start it without its sandbox only; it opens nothing but our own pages.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit(token=None, theme="light", width=1300)`.

    The visitor of a token has logged in. The test fails if a page has a script's error, anything on
    the console's error level, or a request to another host.
    """
    visitors: list[Visitor] = []
    with ExitStack() as leaving:

        def new(token: str | None = None, theme: str = "light", width: int = 1300) -> Visitor:
            url = site.guarded_url if token else site.url
            context = chromium.new_context(
                base_url=url, color_scheme=theme, viewport={"width": width, "height": 900}
            )
            leaving.callback(context.close)
            visitors.append(Visitor(context, url))
            if token:
                visitors[-1].log_in(token)
            return visitors[-1]

        yield new
        assert [trouble for visitor in visitors for trouble in visitor.troubles] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A visitor of the open front, who may do everything."""
    return visit()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of the pictures of pages."""
    folder = DATA / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return f"home-{uuid4().hex[:8]}"
