"""Bodies that two readers of JSON would understand differently are refused."""

import json

import httpx
import pytest

from shared.store.postgres.database import Database
from tests.api.bad_input.asking import (
    BATCH,
    CATEGORIZE,
    EMBED,
    EXTRACT,
    JOBS,
    RICH,
    assert_problem,
    b64,
    item_job,
    receipt_job,
)
from tests.attacks.test_uploads import image, images

JSON = {"content-type": "application/json"}
MALFORMED = 400, "malformed_body"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
async def test_json_is_utf8(http: httpx.AsyncClient, encoding: str) -> None:
    """In other encodings the marks that are counted look different, so their depth is not seen."""
    job = json.dumps(item_job(item_name="M"))
    for path in (JOBS, EXTRACT, RICH, CATEGORIZE, BATCH, EMBED):
        for text in (job, "[" * 10_000, "[" + "0," * 19_000):
            answer = await http.post(path, content=text.encode(encoding), headers=JSON)

            assert_problem(answer, *MALFORMED)


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, '"\\ud800', "\xff", '{"a":1,}'],
    ids=["nan", "infinity", "minus", "exponent", "digits", "string", "byte", "comma"],
)
async def test_what_is_no_json_is_refused(http: httpx.AsyncClient, value: str) -> None:
    """The answer says why, but nothing of the interpreter."""
    job = json.dumps({**item_job(item_name="M"), "metadata": {"a": "VALUE"}})
    body = job.replace('"VALUE"', value).encode("latin-1")
    answer = await http.post(CATEGORIZE, content=body, headers=JSON)

    assert_problem(answer, *MALFORMED)
    assert "sys." not in answer.text


@pytest.mark.parametrize("name", ["tenant_id", "account_id"])
async def test_a_tenant_is_named_once(http: httpx.AsyncClient, name: str) -> None:
    """Whoever reads the first of two names would see another tenant than we do."""
    body = json.dumps({**item_job(item_name="M"), name: "t"})
    twice = f'{{"{name}": "a", {body[1:]}'
    escaped = f'{{"\\u{ord(name[0]):04x}{name[1:]}": "a", {body[1:]}'
    for content in (twice, escaped):
        assert_problem(await http.post(CATEGORIZE, content=content, headers=JSON), *MALFORMED)
    form = await http.post(RICH, data={name: ["a", "b"]}, files={"file": image(1000)})

    assert_problem(form, 422, "invalid_request")


async def test_a_large_image_elsewhere_is_not_the_image(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The small one, which is where the contract wants it, would be replaced by it."""
    large, small = b64(image(150_000)), b64(content := image(1000))
    job = receipt_job(small)
    for path, body in (
        (JOBS, {"metadata": {"image_base64": large}, **job}),
        (JOBS, {"image_base64": large, **job}),
        (RICH, {"payload": {"image_base64": large}, "tenant_id": "t", "image_base64": small}),
    ):
        answer = await http.post(path, json=body)

        assert answer.status_code in (202, 422, 503), answer.text
    assert await images(database) == {content}


async def test_a_small_image_elsewhere_does_no_harm(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The image is the one in the field of the contract."""
    body = {"metadata": {"image_base64": "aGk="}, **receipt_job(b64(content := image(150_000)))}
    answer = await http.post(JOBS, json=body)

    assert answer.status_code == 202, answer.text
    assert await images(database) == {content}


async def test_a_second_image_is_refused(http: httpx.AsyncClient) -> None:
    """A name that is escaped is the same name, which the search for the image does not see."""
    job = json.dumps(receipt_job(b64(image(150_000))))
    for name in ("image_base64", "image\\u005fbase64"):
        body = job.replace('"image_base64"', f'"{name}": "aGk=", "image_base64"')

        assert_problem(await http.post(JOBS, content=body, headers=JSON), *MALFORMED)


async def test_the_kind_of_a_form_may_be_in_capitals(http: httpx.AsyncClient) -> None:
    """Content types are the same in any case."""
    form = httpx.Request("POST", "http://x", data={"tenant_id": "t"}, files={"file": image(1000)})
    kind = form.headers["content-type"].replace("multipart/form-data", "Multipart/Form-Data")
    answer = await http.post(RICH, content=form.read(), headers={"content-type": kind})

    assert (answer.status_code, answer.json()["error"]) == (503, "no_worker"), answer.text


async def test_nothing_is_redirected_to_a_host_that_the_caller_names(
    http: httpx.AsyncClient,
) -> None:
    """A path with a slash more is none of ours."""
    answer = await http.get(f"{JOBS}/", headers={"X-Tenant-ID": "t"})

    assert "location" not in answer.headers
    assert_problem(answer, 404, answer.json()["error"])
