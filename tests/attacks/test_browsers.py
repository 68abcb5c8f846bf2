"""What a web page of somebody else can have a browser send, and what it does with the answers."""

from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.attacks.calls import calls
from tests.attacks.conftest import Guarded
from tests.support.access.tokens import bearer, stored_token
from tests.support.fronts import front_http

JOBS = "/api/v1/jobs"
UPLOAD = "/api/v1/receipts/extract"
PAGE, EVIL = "https://app.example", "https://evil.example"
FORMS = ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", "")
FOREIGN = ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
async def shared_with_page(guarding: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a front that a web page of another origin may call."""
    async with front_http(guarding.model_copy(update={"cors_origins": (PAGE,)})) as http:
        yield http


def asking(origin: str) -> dict[str, str]:
    """Return the headers with which a browser asks whether a page may submit a job."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }


async def test_no_page_of_another_origin_may_call(guarded: Guarded) -> None:
    """A browser asks first, and hears nothing that allows it; nor may a page read an answer."""
    asked = await guarded.http.options(JOBS, headers=asking(PAGE))
    read = await guarded.http.get(JOBS, headers={**bearer(guarded.home), "Origin": PAGE})

    assert asked.status_code == 401
    assert read.status_code == 200
    for answer in (asked, read):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_listed_pages_may_call(
    shared_with_page: httpx.AsyncClient, database: Database
) -> None:
    """Listed pages need a token as everybody does, and read our headers, also of errors."""
    token = bearer(await stored_token(database, "home"))
    asked = await shared_with_page.options(JOBS, headers=asking(PAGE))
    read = await shared_with_page.get(JOBS, headers={**token, "Origin": PAGE})
    refused = await shared_with_page.get(JOBS, headers={"Origin": PAGE})
    evil = await shared_with_page.options(JOBS, headers=asking(EVIL))

    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert (read.status_code, refused.status_code) == (200, 401)
    for answer in (read, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Idempotency-Replayed" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert evil.status_code == 400
    assert "Access-Control-Allow-Origin" not in evil.headers


async def test_forms_of_other_pages_are_refused(guarded: Guarded) -> None:
    """Forms are refused even if something in front of the service adds a token, as a proxy may."""
    changing = [call for call in calls() if call.method.upper() != "GET"]
    wrong = []
    for call, (kind, sent) in product(changing, product(FORMS, FOREIGN)):
        declared = {"Content-Type": kind} if kind else {}
        headers = {**bearer(guarded.operator), **declared, **sent}
        answer = await guarded.http.request(call.method, call.path, headers=headers)
        if (answer.status_code, answer.json()["error"]) != (403, "forbidden"):
            wrong.append((call.name, kind, sent, answer.status_code))

    assert len(changing) > 8
    assert wrong == []


async def test_forms_of_our_own_pages_and_of_listed_ones_pass(
    guarded: Guarded, shared_with_page: httpx.AsyncClient
) -> None:
    """A browser's word counts for more than the Host, which a proxy may have changed."""
    sent: dict[str, Any] = {
        "files": {"file": ("receipt.png", b"no image")},
        "data": {"account_id": "home"},
    }
    token = bearer(guarded.home)
    ours: list[dict[str, str]] = [
        {},
        {"Origin": "http://front"},
        {"Origin": PAGE, "Sec-Fetch-Site": "same-origin"},
    ]
    passed = [
        await guarded.http.post(UPLOAD, headers={**token, **headers}, **sent) for headers in ours
    ]
    listed = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
    passed.append(await shared_with_page.post(UPLOAD, headers={**token, **listed}, **sent))

    assert [answer.json()["error"] for answer in passed] == ["unsupported_image_format"] * 4


async def test_every_answer_is_closed_to_pages(guarded: Guarded) -> None:
    """Errors are no exception, and neither are streams and what needs no token."""
    for path in ("/health", "/metrics", "/openapi.json", "/nowhere", JOBS, f"{JOBS}/x/events"):
        for headers in ({}, bearer(guarded.home)):
            answer = await guarded.http.get(path, headers=headers)
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
            assert answer.headers.get_list("Content-Security-Policy") == [NOTHING]
            kept = answer.headers.get_list("Cache-Control")
            assert kept == (["no-store"] if path.startswith("/api/") else []), path


async def test_the_page_of_the_reference_has_a_policy_of_its_own(guarded: Guarded) -> None:
    """The page may load its own files, which are what they say they are, and is in no frame."""
    page = await guarded.http.get("/docs")
    (policy,) = page.headers.get_list("Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    assert (rules["default-src"], rules["frame-ancestors"]) == ("'none'", "'none'")
    for name, kind in (("swagger-ui-bundle.js", "script"), ("swagger-ui.css", "style")):
        assert f"docs/assets/{name}" in page.text
        asset = await guarded.http.get(f"/docs/assets/{name}")
        # With nosniff, a browser runs what has the right type only.
        assert asset.headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css")
        assert asset.headers["X-Content-Type-Options"] == "nosniff"
        assert "'self'" in rules[f"{kind}-src"]
    # Nothing in it is inline but styles.
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "app.example", "https://app.example/", "https://App.example", "https://a:443"],
)
def test_what_is_no_origin_is_refused(guarding: Settings, origin: str) -> None:
    """A browser would never send it, so a page would be refused without a reason."""
    with pytest.raises(ValidationError, match="scheme://host"):
        Settings.model_validate({**guarding.model_dump(), "cors_origins": origin})


def test_pages_of_others_need_tokens(settings: Settings) -> None:
    """With AUTH=off a web page of another origin is refused, so the setting would do nothing."""
    with pytest.raises(ValidationError, match="needs AUTH=tokens"):
        Settings.model_validate({**settings.model_dump(), "auth": "off", "cors_origins": PAGE})
