"""Every bad input has a clear answer: a status, a stable code, a sentence. Never a 500."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import httpx
import pytest
from PIL import Image

from shared.contracts.problems import PROBLEM_MEDIA_TYPE, Problem
from shared.local.receipt_image import DrawnReceipt, encode
from tests.files import heic, pdf

JOBS = "/api/v1/jobs"
CATEGORIZE = "/api/v1/categorize"
BATCH = "/api/v1/categorize-batch"
EXTRACT = "/api/v1/extract-receipt"
RICH = "/api/v1/receipts/extract"
EMBED = "/api/v1/embed"

LABELS = ["Dairy", "Produce"]


def b64(content: bytes) -> str:
    """As callers send it."""
    return base64.b64encode(content).decode()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


def receipt_job(image_base64: Any, **payload: Any) -> dict[str, Any]:
    """A job that would read a receipt."""
    return {
        "tenant_id": "t",
        "feature": "receipt_extraction",
        "payload": {"image_base64": image_base64, **payload},
    }


def item_job(**payload: Any) -> dict[str, Any]:
    """A request to categorise."""
    return {"tenant_id": "t", "payload": {"candidate_labels": LABELS, **payload}}


def two_frames() -> bytes:
    """A TIFF of two frames: which of them would be the receipt?"""
    buffer = io.BytesIO()
    frame = Image.new("RGB", (8, 8))
    frame.save(buffer, "TIFF", save_all=True, append_images=[frame])
    return buffer.getvalue()


IMAGES = [
    pytest.param("not base64 at all!", 422, "image_not_base64", id="not base64"),
    pytest.param("Zm9v\u00fc", 422, "image_not_base64", id="base64 with an umlaut"),
    pytest.param("", 422, "image_empty", id="empty"),
    pytest.param("data:image/png;base64,", 422, "image_empty", id="empty data URL"),
    pytest.param(b64(b"just some text"), 415, "unsupported_image_format", id="text"),
    pytest.param(
        b64(encode(Image.new("RGB", (8, 8)), "GIF")), 415, "unsupported_image_format", id="GIF"
    ),
    pytest.param(
        b64(encode(Image.new("RGB", (8, 8)), "TIFF")), 415, "unsupported_image_format", id="TIFF"
    ),
    pytest.param(b64(two_frames()), 415, "unsupported_image_format", id="TIFF of two frames"),
    pytest.param(
        b64(encode(Image.new("RGB", (8, 8)), "AVIF")), 415, "unsupported_image_format", id="AVIF"
    ),
    pytest.param(b64(b"\xff\xd8\xff\xe0"), 422, "unreadable_image", id="cut in the JPEG header"),
    pytest.param(b64(b"\x89PNG\r\n\x1a\n"), 422, "unreadable_image", id="cut in the PNG header"),
    pytest.param(
        b64(b"RIFF\x00\x00\x00\x00WEBPVP8 "), 422, "unreadable_image", id="cut WebP header"
    ),
    pytest.param(b64(png_header(8000, 5001)), 413, "image_too_many_pixels", id="over 40 MP"),
    pytest.param(b64(png_header(30000, 30000)), 413, "image_too_many_pixels", id="a bomb"),
    pytest.param(b64(b"\xff" * 10_000_001), 413, "image_too_large", id="over 10 MB"),
    pytest.param("A" * 20_000_000, 413, "request_too_large", id="far over 10 MB"),
    pytest.param(None, 422, "invalid_request", id="null"),
    pytest.param(17, 422, "invalid_request", id="a number"),
]


@pytest.mark.parametrize(("image", "status", "code"), IMAGES)
@pytest.mark.parametrize("path", [JOBS, EXTRACT, RICH])
async def test_images_that_are_none(
    http: httpx.AsyncClient, path: str, image: Any, status: int, code: str
) -> None:
    """Wherever an image can be sent, the same mistakes get the same answer."""
    body = {"tenant_id": "t", "image_base64": image} if path == RICH else receipt_job(image)

    _assert_problem(await http.post(path, json=body), status, code)


BODIES = [
    pytest.param(JOBS, {"tenant_id": "t", "feature": "divination", "payload": {}}, 422,
                 "unknown_feature", id="unknown feature"),
    pytest.param(JOBS, {"tenant_id": "t", "payload": {}}, 422, "invalid_request", id="no feature"),
    pytest.param(JOBS, {}, 422, "invalid_request", id="empty object"),
    pytest.param(JOBS, [], 422, "invalid_request", id="a list"),
    pytest.param(JOBS, "text", 422, "invalid_request", id="a string"),
    pytest.param(JOBS, receipt_job("", image_url="http://example.org/a.jpg"), 422,
                 "image_reference_refused", id="image_url"),
    pytest.param(JOBS, receipt_job("", image_path="/etc/passwd"), 422,
                 "image_reference_refused", id="image_path"),
    pytest.param(RICH, {"tenant_id": "t", "image_url": "http://example.org/a.jpg"}, 422,
                 "image_reference_refused", id="image_url, rich"),
    pytest.param(RICH, {"image_base64": "aGk="}, 400, "tenant_required", id="nobody's receipt"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=[]), 422,
                 "invalid_request", id="0 labels"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=["  "]), 422,
                 "invalid_request", id="a blank label"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=["x"] * 101), 422,
                 "invalid_request", id="101 labels"),
    pytest.param(CATEGORIZE, item_job(item_name=""), 422, "invalid_request", id="no name"),
    pytest.param(CATEGORIZE, item_job(item_name="a\x00b"), 422, "invalid_request", id="null byte"),
    pytest.param(CATEGORIZE, item_job(item_name="x" * 501), 422, "invalid_request", id="long name"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "a b"}, 422,
                 "invalid_request", id="white space in the tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "t\x00"}, 422,
                 "invalid_request", id="null byte in the tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "t" * 201}, 422,
                 "invalid_request", id="long tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "feature": "embedding"}, 422,
                 "invalid_request", id="another call's feature"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "priority": 10}, 422,
                 "invalid_request", id="priority out of range"),
    pytest.param(BATCH, item_job(items=[]), 422, "invalid_request", id="0 items"),
    pytest.param(BATCH, item_job(items=[{"id": i, "name": "x"} for i in range(51)]), 422,
                 "invalid_request", id="51 items"),
    pytest.param(EMBED, {"texts": []}, 422, "invalid_request", id="0 texts"),
    pytest.param(EMBED, {"texts": [{"id": 1, "text": ""}]}, 422, "invalid_request", id="no text"),
    pytest.param(EMBED, {"texts": [{"id": 1, "text": "x"}], "batch_size": 0}, 422,
                 "invalid_request", id="batches of nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "code"), BODIES)
async def test_bodies_that_do_not_fit_the_contract(
    http: httpx.AsyncClient, path: str, body: Any, status: int, code: str
) -> None:
    """Each names the field, and what was wrong with it."""
    problem = _assert_problem(await http.post(path, json=body), status, code)

    assert problem.fields


RAW = [
    pytest.param(b"{", 400, "malformed_body", id="cut JSON"),
    pytest.param(b"\xff\xfe", 400, "malformed_body", id="not UTF-8"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, 400, "malformed_body", id="deep JSON"),
    pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "malformed_body", id="deep object"),
    pytest.param(b'{"priority": 1' + b"0" * 5000 + b"}", 400, "malformed_body", id="a long number"),
    pytest.param(b"", 422, "invalid_request", id="no body"),
]


@pytest.mark.parametrize(("content", "status", "code"), RAW)
async def test_bodies_that_are_no_json(
    http: httpx.AsyncClient, content: bytes, status: int, code: str
) -> None:
    """The parser's limits are no way to bring a front down."""
    answer = await http.post(JOBS, content=content, headers={"content-type": "application/json"})

    _assert_problem(answer, status, code)


@pytest.mark.parametrize("text", ["\\ud800", "a\\u0000b"])
async def test_text_that_cannot_be_stored(http: httpx.AsyncClient, text: str) -> None:
    """Lone surrogates and null bytes pass as JSON escapes; Postgres would refuse them."""
    body = json.dumps(item_job(item_name="NAME")).replace("NAME", text)
    answer = await http.post(CATEGORIZE, content=body, headers={"content-type": "application/json"})

    _assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("path", [JOBS, CATEGORIZE, RICH])
@pytest.mark.parametrize("size", [20_000_000])
async def test_a_body_over_the_limit_is_refused_while_it_arrives(
    http: httpx.AsyncClient, path: str, size: int
) -> None:
    """Also when its length was not announced."""

    async def chunks() -> Any:
        for _ in range(size // 100_000):
            yield b" " * 100_000

    answer = await http.post(path, content=chunks(), headers={"content-type": "application/json"})

    _assert_problem(answer, 413, "request_too_large")


async def test_another_content_type(http: httpx.AsyncClient) -> None:
    """JSON has to say that it is."""
    answer = await http.post(JOBS, content=b"{}", headers={"content-type": "text/plain"})

    _assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"data": {"tenant_id": "t"}}, id="no file"),
        pytest.param({"data": {"tenant_id": "t", "file": "text"}}, id="a field named file"),
    ],
)
async def test_uploads_without_a_file(http: httpx.AsyncClient, form: dict[str, Any]) -> None:
    """The form says what is missing."""
    parts = [(name, (None, value)) for name, value in form["data"].items()]
    answer = await http.post(RICH, files=parts)

    assert "file" in _assert_problem(answer, 422, "invalid_request").detail


async def test_a_broken_form(http: httpx.AsyncClient) -> None:
    """A form without its boundary."""
    answer = await http.post(RICH, content=b"--x", headers={"content-type": "multipart/form-data"})

    _assert_problem(answer, 400, "malformed_body")


async def test_nothing_is_stored_of_what_was_refused(
    http: httpx.AsyncClient, receipt_png: bytes
) -> None:
    """A refusal leaves no job behind."""
    await http.post(JOBS, json=receipt_job("not base64!"))
    await http.post(JOBS, json=receipt_job(b64(receipt_png), image_url="http://example.org"))

    jobs = await http.get(JOBS, headers={"X-Tenant-ID": "t"})

    assert jobs.json() == {"jobs": [], "next_cursor": None}


async def test_no_log_line_holds_an_image(
    http: httpx.AsyncClient, receipt_png: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither of an accepted request nor of a refused one."""
    picture = b64(receipt_png)
    await http.post(JOBS, json=receipt_job(picture))
    await http.post(JOBS, json=receipt_job(picture, image_url="http://example.org"))
    await http.post(JOBS, json=receipt_job(picture + "!"))

    out, err = capfd.readouterr()
    assert picture[:60] not in out + err


async def test_unknown_paths_and_methods(http: httpx.AsyncClient) -> None:
    """Also what no route knows is a problem document."""
    _assert_problem(await http.get("/nowhere"), 404, "not_found")
    _assert_problem(await http.delete(JOBS), 405, "method_not_allowed")


async def test_a_problem_carries_the_callers_request_id(http: httpx.AsyncClient) -> None:
    """From the body where it has one, else from the header, else made up."""
    of_body = await http.post(CATEGORIZE, json={"request_id": "r-1"})
    of_header = await http.post(CATEGORIZE, json={}, headers={"X-Request-ID": "r-2"})
    made_up = await http.post(CATEGORIZE, json={})

    foreign = await http.post(CATEGORIZE, json={"request_id": "anfrage-ü-要求"})

    assert foreign.json()["request_id"] == "anfrage-ü-要求"
    assert Problem.model_validate(of_body.json()).request_id == "r-1"
    assert Problem.model_validate(of_header.json()).request_id == "r-2"
    assert made_up.json()["request_id"] == made_up.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7\nno pages", "unreadable_image"),
        (pdf(DrawnReceipt(), password="secret"), "pdf_protected"),
        (heic(Image.new("RGB", (8000, 5001))), "image_too_many_pixels"),
        (heic(Image.new("RGB", (64, 64)))[:300], "unreadable_image"),
    ],
    ids=["broken PDF", "protected PDF", "HEIC over 40 MP", "cut HEIC"],
)
async def test_what_only_the_worker_looks_into(service: Any, content: bytes, code: str) -> None:
    """A hostile PDF or HEIC must not reach a native library in the front."""
    job = await service.await_job((await service.submit_receipt(content)).id)

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == (code, "bad_input")
    assert job.input_payload["image"]["width"] is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
async def test_a_truncated_image_ends_its_job_and_nothing_else(
    service: Any, system: Any, receipt_png: bytes, image_format: str
) -> None:
    """Only decoding finds it, so it is the worker that says so; and goes on. (A WebP tells its
    length in the header, and is refused by the front.)"""
    with Image.open(io.BytesIO(receipt_png)) as image:
        whole = encode(image, image_format)

    job = await service.await_job((await service.submit_receipt(whole[: len(whole) // 2])).id)

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == ("unreadable_image", "bad_input")
    assert system.worker.poll() is None


def _assert_problem(answer: httpx.Response, status: int, code: str) -> Problem:
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    problem = Problem.model_validate(answer.json())
    assert (answer.status_code, problem.error) == (status, code), problem.detail
    assert problem.status == status
    assert problem.detail
    assert problem.type.endswith(code)
    assert not problem.retryable
    return problem
