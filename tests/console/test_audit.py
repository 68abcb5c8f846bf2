"""The page Audit: what it shows, how it is narrowed down and paged, and whom it is for."""

import re

import httpx

from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.access.audit import record
from shared.store.postgres.database import Database
from tests.support.access.tokens import id_of, stored_token
from tests.support.fronts import front_http


async def _record(database: Database, count: int, action: str, actor: str = "cli") -> None:
    async with database.transaction() as session:
        for number in range(count):
            await record(session, action, actor, f"s{number}", tenant_id="home")


def _subjects(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r"<td><code>(s[0-9]+)</code></td>", page.text)


async def test_every_entry_is_on_one_of_the_pages(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The newest come first, and the link at the end leads to older ones with the same filters."""
    await _record(database, 70, "queue.pause")
    await _record(database, 5, "job.retry")

    first = await http.get("/console/audit?action=queue.pause&actor=&tenant=home")
    older = re.search(r'<a href="([^"]+)" rel="next"', first.text)
    assert older
    second = await http.get("/console/audit" + older[1].replace("&amp;", "&"))

    assert _subjects(first) + _subjects(second) == [f"s{n}" for n in range(69, -1, -1)]
    assert 'rel="next"' not in second.text


async def test_a_token_has_its_name_beside_its_id(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Nobody knows tokens by their ids."""
    actor = id_of(await stored_token(database, "*"))
    await _record(database, 1, "queue.pause", actor)

    page = await http.get(f"/console/audit?actor={actor}")

    assert len(_subjects(page)) == 1
    assert re.search(rf">test</a>\s*<small><code>{actor}</code>", page.text)


async def test_what_fits_no_filter_is_said(http: httpx.AsyncClient, database: Database) -> None:
    """An empty table would look like a fault."""
    await _record(database, 1, "queue.pause")

    assert "Nothing fits" in (await http.get("/console/audit?tenant=nobody")).text
    assert (await http.get("/console/audit?before=x")).status_code == 422


async def test_only_operators_of_all_tenants_see_it(settings: Settings, database: Database) -> None:
    """An operator of one tenant would see what concerns others."""
    guarded = settings.model_copy(update={"auth": "tokens"})
    operates = (Scope.JOBS_READ, Scope.ADMIN)
    async with front_http(guarded) as http:
        for tenant, status in (("*", 200), ("home", 403)):
            http.cookies.clear()
            token = await stored_token(database, tenant, scopes=operates)
            login = await http.get("/console/login")
            found = re.search(r'name="csrf" value="([0-9a-f]+)"', login.text)
            assert found
            await http.post("/console/login", data={"csrf": found[1], "token": token})
            assert (await http.get("/console/audit")).status_code == status
