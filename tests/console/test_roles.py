"""What a visitor of the overview, the queues and the workers sees and may do, by their token."""

import re
from uuid import uuid4

import httpx

from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import stored_token
from tests.support.fronts import front_http
from tests.support.job_rows import insert_job, new_job


async def test_a_reader_of_one_tenant_sees_no_other_and_changes_nothing(
    settings: Settings, database: Database
) -> None:
    token = await stored_token(database, "home", scopes=(Scope.JOBS_READ,))
    async with database.transaction() as session:
        for tenant in ("home", "office"):
            await insert_job(session, new_job(tenant_id=tenant))

    async with front_http(settings.model_copy(update={"auth": "tokens"})) as http:
        await _log_in(http, token)
        overview = (await http.get("/console")).text
        queues = await http.get("/console/queues")
        headers = {"X-CSRF-Token": _found(r'"X-CSRF-Token": "([^"]+)"', queues.text)}
        paused = await http.post("/console/queues/items/pause", headers=headers)
        drained = await http.post(f"/console/workers/{uuid4()}/drain", headers=headers)

    assert '<th scope="row">home</th>' in overview
    assert "office" not in overview
    assert 'id="check-callbacks"' not in overview
    assert "hx-post" not in queues.text
    assert (paused.status_code, drained.status_code) == (403, 403)


async def test_an_operator_of_one_tenant_pauses_no_queue(
    settings: Settings, database: Database
) -> None:
    """A queue concerns all tenants."""
    token = await stored_token(database, "home", scopes=(Scope.ADMIN,))

    async with front_http(settings.model_copy(update={"auth": "tokens"})) as http:
        await _log_in(http, token)
        queues = await http.get("/console/queues")
        headers = {"X-CSRF-Token": _found(r'"X-CSRF-Token": "([^"]+)"', queues.text)}
        paused = await http.post("/console/queues/items/pause", headers=headers)

    assert "hx-post" not in queues.text
    assert paused.status_code == 403


async def _log_in(http: httpx.AsyncClient, token: str) -> None:
    page = await http.get("/console/login")
    csrf = _found(r'name="csrf" value="([^"]+)"', page.text)
    await http.post("/console/login", data={"csrf": csrf, "token": token})


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found, page
    return found.group(1)
