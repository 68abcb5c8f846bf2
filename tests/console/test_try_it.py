"""The page Try it: what it submits, for whom, and what it says when that is refused."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.contracts.features import Feature


async def _csrf(http: httpx.AsyncClient) -> str:
    page = await http.get("/console/try")
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


async def test_names_become_a_job_of_the_tenant(http: httpx.AsyncClient) -> None:
    """The answer leads to the page that watches the job."""
    form = {
        "csrf": await _csrf(http),
        "tenant_id": "home",
        "names": "milk\n\n rye bread ",
        "labels": "",
    }

    answer = await http.post("/console/try", files=_multipart(form))

    assert answer.status_code == 303
    place = urlsplit(answer.headers["location"])
    assert parse_qs(place.query) == {"tenant_id": ["home"]}
    job = await http.get(
        f"/api/v1/jobs/{place.path.split('/')[-1]}", headers={"X-Tenant-ID": "home"}
    )
    assert job.json()["feature"] == Feature.CATEGORIZATION_BATCH
    watched = await http.get(answer.headers["location"])
    assert "queued" in watched.text


async def test_a_receipt_becomes_a_job(http: httpx.AsyncClient, receipt_png: bytes) -> None:
    """The image goes the way of every other submission."""
    fields = _multipart({"csrf": await _csrf(http), "tenant_id": "home"})

    answer = await http.post("/console/try", files={**fields, "file": ("r.png", receipt_png)})

    assert answer.status_code == 303
    job = answer.headers["location"].split("?")[0].split("/")[-1]
    image = await http.get(f"/api/v1/jobs/{job}/image", headers={"X-Tenant-ID": "home"})
    assert image.content == receipt_png


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"names": " \n "}, 422, "Type at least one name"),
        ({"names": "x" * 5001}, 422, "invalid_request"),
        ({"names": "milk", "tenant_id": ""}, 422, "tenant_required"),
        ({"names": "milk", "csrf": "0"}, 403, "not ours"),
        ({"file": b"Buy milk."}, 415, "unsupported_image_format"),
        ({"file": b""}, 422, "Choose a file"),
    ],
)
async def test_what_is_wrong_is_said_on_the_page(
    http: httpx.AsyncClient, fields: dict[str, Any], status: int, said: str
) -> None:
    """No job is made."""
    csrf = await _csrf(http)
    file = fields.pop("file", None)
    form = _multipart({"csrf": csrf, "tenant_id": "home", **fields})
    files = form if file is None else {**form, "file": ("r.png", file)}

    answer = await http.post("/console/try", files=files)

    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def _multipart(form: dict[str, str]) -> dict[str, tuple[None, str]]:
    return {name: (None, value) for name, value in form.items()}
