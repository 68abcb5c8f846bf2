"""Images that are not accepted, and those that turn out to be unreadable in the worker."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from shared.local.receipt_image import DrawnReceipt, encode
from tests.api.bad_input.asking import EXTRACT, JOBS, RICH, assert_problem, b64, receipt_job
from tests.support.files.costly import heic_of_declared_size, png_of_declared_size
from tests.support.heic_and_pdf import heic, pdf


def two_frames() -> bytes:
    """Return a TIFF with two frames, of which either could be the receipt."""
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
    pytest.param(
        b64(png_of_declared_size(8000, 5001)), 413, "image_too_many_pixels", id="over 40 MP"
    ),
    pytest.param(
        b64(png_of_declared_size(30000, 30000)), 413, "image_too_many_pixels", id="a bomb"
    ),
    pytest.param(
        b64(heic_of_declared_size(8000, 5001)), 413, "image_too_many_pixels", id="HEIC over 40 MP"
    ),
    pytest.param(b64(b"\xff" * 10_000_001), 413, "image_too_large", id="over 10 MB"),
    pytest.param("A" * 20_000_000, 413, "request_too_large", id="far over 10 MB"),
    pytest.param(None, 422, "invalid_request", id="null"),
    pytest.param(17, 422, "invalid_request", id="a number"),
]


@pytest.mark.parametrize(("image", "status", "code"), IMAGES)
@pytest.mark.parametrize("path", [JOBS, EXTRACT, RICH])
async def test_images_that_are_not_accepted_are_refused(
    http: httpx.AsyncClient, path: str, image: Any, status: int, code: str
) -> None:
    """Every call that takes an image gives the same answer."""
    body = {"tenant_id": "t", "image_base64": image} if path == RICH else receipt_job(image)

    assert_problem(await http.post(path, json=body), status, code)


async def test_a_refused_image_leaves_no_job(http: httpx.AsyncClient, receipt_png: bytes) -> None:
    await http.post(JOBS, json=receipt_job("not base64!"))
    await http.post(JOBS, json=receipt_job(b64(receipt_png), image_url="http://example.org"))

    jobs = await http.get(JOBS, headers={"X-Tenant-ID": "t"})

    assert jobs.json()["jobs"] == []


async def test_no_log_line_holds_an_image(
    http: httpx.AsyncClient, receipt_png: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Accepted and refused requests leave no image in the log."""
    picture = b64(receipt_png)
    await http.post(JOBS, json=receipt_job(picture))
    await http.post(JOBS, json=receipt_job(picture, image_url="http://example.org"))
    await http.post(JOBS, json=receipt_job(picture + "!"))

    out, err = capfd.readouterr()
    assert picture[:60] not in out + err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7\nno pages", "unreadable_image"),
        (pdf(DrawnReceipt(), password="secret"), "pdf_protected"),
        (heic(Image.new("RGB", (64, 64)))[:150], "unreadable_image"),
    ],
    ids=["broken PDF", "protected PDF", "cut HEIC"],
)
async def test_what_has_no_size_in_its_header_is_inspected_by_the_worker(
    service: Any, content: bytes, code: str
) -> None:
    """A hostile file must not reach a native library in the front."""
    job = await service.await_job((await service.submit_receipt(content)).id)

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == (code, "bad_input")
    assert job.input_payload["image"]["width"] is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
async def test_a_truncated_image_fails_its_job_and_the_worker_lives_on(
    service: Any, system: Any, receipt_png: bytes, image_format: str
) -> None:
    """Only decoding shows that an image is truncated, so the worker finds it.

    A WebP has its length in the header, so the front refuses a truncated one.
    """
    with Image.open(io.BytesIO(receipt_png)) as image:
        whole = encode(image, image_format)

    job = await service.await_job((await service.submit_receipt(whole[: len(whole) // 2])).id)

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == ("unreadable_image", "bad_input")
    assert system.worker.poll() is None
