"""Texts that mean one thing to a check and another to a reader: encodings, numbers, names, ids."""

import base64
import json
import logging
from uuid import UUID

import httpx
import pytest

from shared.settings import Settings
from shared.telemetry.logs import Style, formatter
from tests.api.bad_input.asking import (
    BATCH,
    CATEGORIZE,
    EMBED,
    EXTRACT,
    JOBS,
    RICH,
    assert_problem,
)
from tests.attacks.conftest import Guarded
from tests.support.access.tokens import bearer
from tests.support.fronts import front_server
from tests.support.runners import ITEM

BODY = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
TEXT = json.dumps(BODY)
JSON = {"content-type": "application/json"}
# In UTF-16, a check of bytes takes what is between the two escaped quotes for one string.
HIDDEN = '["\\"",%s,"\\""]'
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "1" + "0" * 5_000, "1e-9999")
NAMES = ("__proto__", "constructor", "prototype", "__class__", "__init__", "model_config", "$where")
# To people these look like `acme`: with a letter of Cyrillic, one without width, one of full width,
# and a sign that turns the direction of the text.
ALIKE = ("\u0430cme", "ac\u200bme", "\uff41cme", "acme\u202e", "ACME", "acme%00")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_bodies_in_other_encodings_are_refused(
    http: httpx.AsyncClient, encoding: str
) -> None:
    """The depth and the number of values are counted in bytes, which mean something else there."""
    deep = HIDDEN % ("[" * 20_000 + "]" * 20_000)
    for path in (JOBS, f"{JOBS}/batch", CATEGORIZE, BATCH, EMBED, EXTRACT, RICH):
        for text in (TEXT, deep, HIDDEN % ("[" + "0," * 30_000 + "0]")):
            answer = await http.post(path, content=text.encode(encoding), headers=JSON)

            assert answer.status_code in (400, 413)


async def test_a_mark_before_the_text_is_no_other_encoding(http: httpx.AsyncClient) -> None:
    """Some editors and languages write one before UTF-8."""
    answer = await http.post(JOBS, content=b"\xef\xbb\xbf" + TEXT.encode(), headers=JSON)

    assert answer.status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_nothing_is_unpacked(http: httpx.AsyncClient, encoding: str) -> None:
    """A kilobyte could become a gigabyte."""
    packed = b"\x1f\x8b\x08\x00" + b"0" * 1_000
    answer = await http.post(JOBS, content=packed, headers={**JSON, "content-encoding": encoding})

    assert_problem(answer, 400, "malformed_body")


def with_number(number: str) -> list[tuple[str, str]]:
    """Return requests with a number, each with its path."""
    added = ('"priority": %s', '"user_id": %s', '"request_id": %s', '"metadata": {"x": [%s]}')
    embeds = ('"id": %s, "text": "m"', '"text": "m", "score": %s')
    return [
        *((JOBS, TEXT[:-1] + f", {field % number}}}") for field in added),
        (JOBS, TEXT.replace('"t"', number)),
        *((EMBED, f'{{"texts": [{{{field % number}}}], "batch_size": 1}}') for field in embeds),
        (EMBED, f'{{"texts": ["m"], "batch_size": {number}}}'),
    ]


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_number_is_an_error_of_the_service(http: httpx.AsyncClient, number: str) -> None:
    """Some are no JSON, some are no numbers of Python or of Postgres."""
    answers = [
        await http.post(path, content=body, headers=JSON) for path, body in with_number(number)
    ]
    failed = [answer for answer in answers if answer.is_server_error]

    assert {answer.json()["error"] for answer in failed} <= {"no_worker"}


async def test_names_that_mean_something_to_languages_mean_nothing_here(
    http: httpx.AsyncClient,
) -> None:
    """Unknown fields do not change the work, and their names are no schemas."""
    for name in NAMES:
        odd = {name: {"polluted": True}}
        answer = await http.post(JOBS, json={**BODY, **odd, "payload": {**ITEM, **odd}})
        shown = (await http.get(f"{JOBS}/{answer.json()['id']}?tenant_id=t")).json()

        assert answer.status_code == 202
        assert name in answer.headers["X-Ignored-Fields"].replace("%24", "$")
        assert "polluted" not in json.dumps(shown)
        assert (await http.get(f"/api/v1/schemas/{name}")).status_code == 404


async def test_tenants_that_look_alike_are_others(guarded: Guarded) -> None:
    """Ids are compared as they are, and never made alike."""
    for tenant in ALIKE:
        posted = await guarded.http.post(
            JOBS, headers=bearer(guarded.service), json={**BODY, "tenant_id": tenant}
        )
        listed = await guarded.http.get(
            JOBS, headers=bearer(guarded.service), params={"tenant_id": "acme"}
        )

        assert (posted.status_code, listed.json()["jobs"]) == (202, [])
    refused = await guarded.http.post(
        JOBS, headers=bearer(guarded.home), json={**BODY, "tenant_id": "h\u043eme"}
    )

    assert refused.status_code == 403


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\nb", "a\r\nSet-Cookie: x", "a\x1b[2Jb", "\ud800", " "]
)
async def test_no_id_has_control_characters(http: httpx.AsyncClient, bad: str) -> None:
    """An id with one could end a line of a log or of a header, or move the cursor of a terminal."""
    for name in ("tenant_id", "user_id", "request_id"):
        answer = await http.post(JOBS, content=json.dumps({**BODY, name: bad}), headers=JSON)
        assert answer.status_code == 422
        assert "Set-Cookie" not in answer.headers
    for name in ("X-Tenant-ID", "Idempotency-Key", "X-Request-ID"):
        value = bad.encode("utf-8", "surrogatepass")
        headers = [(b"content-type", b"application/json"), (name.encode(), value)]
        answer = await http.post(JOBS, content=TEXT, headers=headers)
        assert answer.status_code in (202, 403, 422)
        assert answer.headers["X-Request-ID"].isprintable()
        assert "\x1b" not in answer.headers["X-Request-ID"]


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("odd", ["x\x9b2Jy", "x\u202ey", "x\u2028y", "x\x1b[31m\r\ny", "x\ud800"])
def test_no_text_of_a_caller_forges_a_line_of_the_log(style: Style, odd: str) -> None:
    """Terminals obey characters that some ids may have, and write others from right to left."""
    named = {"name": "test", "msg": "job.queued", "levelname": "INFO", "tenant_id": odd}
    line = formatter(style).format(logging.makeLogRecord(named))

    assert "job.queued" in line
    assert line.isprintable()


async def test_a_tenant_that_is_named_twice_in_a_body_is_refused(
    guarded: Guarded,
) -> None:
    """A gateway may have read the other one, so neither is used."""
    twice = TEXT.replace('"tenant_id": "t"', '"tenant_id": "home", "tenant_id": "other"')
    answer = await guarded.http.post(JOBS, headers={**bearer(guarded.home), **JSON}, content=twice)

    assert_problem(answer, 400, "malformed_body")


async def test_a_forged_cursor_shows_nothing_else(guarded: Guarded) -> None:
    """A cursor is a place in time. It names no tenant, and what is none is refused."""
    await guarded.http.post(JOBS, headers=bearer(guarded.home), json={**BODY, "tenant_id": "home"})
    late = f"2099-01-01T00:00:00+00:00 {UUID(int=2**128 - 1)}"
    texts = ("", "0", late + "'; --", late.replace("2099", "9999"), late.replace("+00:00", ""))
    cursors = [base64.urlsafe_b64encode(text.encode()).decode() for text in texts]
    for cursor in (*cursors[1:], "x", "____", "é", "\x00", "A" * 200, "A" * 201):
        answer = await guarded.http.get(
            JOBS, headers=bearer(guarded.home), params={"cursor": cursor}
        )
        assert_problem(answer, 422, "invalid_request")
    forged = base64.urlsafe_b64encode(late.encode()).decode()
    own, others = [
        await guarded.http.get(JOBS, headers=bearer(token), params={"cursor": forged})
        for token in (guarded.home, guarded.other)
    ]

    assert (len(own.json()["jobs"]), others.json()["jobs"]) == (1, [])


async def test_a_length_of_many_digits_is_no_error_of_the_service(http: httpx.AsyncClient) -> None:
    """Python refuses to read numbers of more than 4300 digits."""
    answer = await http.post(JOBS, content=TEXT, headers={**JSON, "content-length": "9" * 5_000})

    assert answer.status_code < 500


async def test_a_tenant_of_the_query_is_an_id(http: httpx.AsyncClient) -> None:
    """A call without a tenant in its body takes that of the query or the header."""
    for query, headers in (("?tenant_id=%C2%A0", {}), ("", {"X-Tenant-ID": "a\x1fb"})):
        answer = await http.post(f"{EMBED}{query}", json={"texts": ["Milk"]}, headers=headers)
        assert_problem(answer, 422, "invalid_request")


async def test_forms_are_bounded(http: httpx.AsyncClient) -> None:
    """The number of parts, of their headers and the length of each are limited."""
    part = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n'
    forms = {
        "parts": b"".join(part % str(number).encode() for number in range(20_000)),
        "a name": part % (b"a" * 900_000),
        "headers": b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\nx\r\n",
        "a field": part.replace(b"\r\n\r\nx", b"\r\n\r\n" + b"x" * 500_000) % b"metadata",
        "files": part.replace(b'"%b"', b'"file"; filename="a"') * 1_000,
        "no end": part % b"file",
    }
    wrong = []
    for name, form in forms.items():
        answer = await http.post(
            RICH,
            content=form + (b"" if name == "no end" else b"--b--\r\n"),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )
        if answer.status_code not in (400, 413, 422):
            wrong.append((name, answer.status_code))

    assert wrong == []


async def test_no_websocket_gets_past_the_check_of_tokens(guarding: Settings) -> None:
    """The front has none, and a request to change the protocol is an ordinary one."""
    upgrades = {
        "websocket": {
            "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
            "Sec-WebSocket-Version": "13",
        },
        "h2c": {"HTTP2-Settings": "AAMAAABkAAQAAP__"},
    }
    async with front_server(guarding) as url, httpx.AsyncClient(base_url=url) as http:
        for protocol, more in upgrades.items():
            answer = await http.get(
                JOBS, headers={"Connection": "Upgrade", "Upgrade": protocol, **more}
            )
            assert answer.status_code in (401, 403), protocol
            assert answer.status_code != 101
