"""The image of a job, as its boxes are drawn on it."""

import io
from uuid import UUID

import httpx
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from shared.client.async_client import AsyncServiceClient
from shared.local.receipt_image import DrawnReceipt, draw_receipt
from shared.store.models import JobImage
from shared.store.postgres.database import Database
from tests.support.heic_and_pdf import heic, pdf
from tests.support.runners import ITEM


async def stored(client: AsyncServiceClient, image: bytes) -> str:
    """Submit an image; return the path of the image of its job."""
    job = await client.submit_receipt(image)
    return f"/api/v1/jobs/{job.id}/image?tenant_id=tenant"


async def delete_image(database: Database, path: str) -> None:
    """Delete the image at a path, as upkeep does after its retention."""
    async with database.transaction() as session:
        await session.delete(await session.get_one(JobImage, UUID(path.split("/")[4])))


def jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    """Encode an image with an orientation of EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def size(answer: httpx.Response) -> tuple[int, int]:
    """Return the sides of the image in an answer as the file says them, without EXIF."""
    image = Image.open(io.BytesIO(answer.content))
    assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    return image.size


async def test_an_upright_image_is_shown_as_it_was_sent(
    client: AsyncServiceClient, http: httpx.AsyncClient, receipt_png: bytes
) -> None:
    """Nobody may take it for a page, and only the caller may keep it."""
    answer = await http.get(await stored(client, receipt_png))

    assert (answer.status_code, answer.content) == (200, receipt_png)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"].startswith("inline; filename=")


async def test_a_turned_image_is_shown_upright(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """Boxes count the pixels of the upright image."""
    drawn = draw_receipt(DrawnReceipt())
    turned = jpeg(drawn.rotate(90, expand=True), orientation=6)

    answer = await http.get(await stored(client, turned))

    assert answer.headers["content-type"] == "image/jpeg"
    assert size(answer) == drawn.size
    shown = Image.open(io.BytesIO(answer.content)).convert("L")
    assert shown.getpixel((5, 5)) == pytest.approx(drawn.convert("L").getpixel((5, 5)), abs=20)


def xmp(drawn: Image.Image, form: str) -> bytes:
    """Encode an image that is turned by XMP alone, or by a text of PNG that holds EXIF."""
    file, said, exif = io.BytesIO(), '<x tiff:Orientation="6"/>', Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    texts = PngImagePlugin.PngInfo()
    if form == "PNG":
        texts.add_itxt("XML:com.adobe.xmp", said, zip=True)
    elif form == "old PNG":
        texts.add_text("Raw profile type exif", f"\nexif\n  1\n{exif.tobytes().hex()}\n", zip=True)
    drawn.save(file, form.removeprefix("old "), xmp=said.encode(), pnginfo=texts)
    return file.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG", "old PNG"])
async def test_an_image_that_is_turned_without_plain_exif_is_shown_upright(
    client: AsyncServiceClient, http: httpx.AsyncClient, form: str
) -> None:
    """The reading turns it, and so must the image on which its boxes are drawn."""
    turned = xmp(Image.new("RGB", (400, 300), "white"), form)

    answer = await http.get(await stored(client, turned))

    assert (answer.headers["content-type"], size(answer)) == ("image/jpeg", (300, 400))


async def test_heic_becomes_what_browsers_show(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """Phones send HEIC, and most browsers do not show it."""
    drawn = draw_receipt(DrawnReceipt())

    answer = await http.get(await stored(client, heic(drawn)))

    assert (answer.headers["content-type"], size(answer)) == ("image/jpeg", drawn.size)


async def test_pages_of_a_pdf_are_drawn(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """A page that does not exist is not found, and neither is a sixth."""
    path = await stored(client, pdf(DrawnReceipt(), DrawnReceipt()))

    second, third = [await http.get(f"{path}&page={page}") for page in (2, 3)]

    assert second.headers["content-type"] == "image/jpeg"
    assert max(size(second)) > 1000
    assert (third.status_code, third.json()["error"]) == (404, "image_not_found")
    assert (await http.get(f"{path}&page=6")).status_code == 422


@pytest.mark.parametrize("known", ["{etag}", 'W/{etag}, "other"', "*"])
async def test_who_has_the_image_is_not_sent_it_again(
    client: AsyncServiceClient, http: httpx.AsyncClient, blank_png: bytes, known: str
) -> None:
    """The answer has the tag all the same."""
    path = await stored(client, blank_png)
    first = await http.get(path)

    again = await http.get(
        path, headers={"If-None-Match": known.format(etag=first.headers["etag"])}
    )

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_who_has_the_image_learns_that_it_was_deleted(
    client: AsyncServiceClient, http: httpx.AsyncClient, database: Database, blank_png: bytes
) -> None:
    """A browser that asks again shows it no longer."""
    path = await stored(client, blank_png)
    first = await http.get(path)
    await delete_image(database, path)

    again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.json()["error"]) == (410, "image_deleted")


async def test_images_of_others_are_not_found(
    client: AsyncServiceClient, http: httpx.AsyncClient, blank_png: bytes
) -> None:
    """The answer is that for a job that does not exist."""
    path = await stored(client, blank_png)

    answer = await http.get(path.replace("=tenant", "=other"))

    assert (answer.status_code, answer.json()["error"]) == (404, "job_not_found")


async def test_a_job_without_an_image_has_none_to_show(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """An item name is no image."""
    job = await client.submit("categorization", ITEM)

    answer = await http.get(f"/api/v1/jobs/{job.id}/image?tenant_id=tenant")

    assert (answer.status_code, answer.json()["error"]) == (404, "image_not_found")


async def test_a_deleted_image_is_gone(
    client: AsyncServiceClient, http: httpx.AsyncClient, database: Database, blank_png: bytes
) -> None:
    """The caller learns that asking again is of no use."""
    path = await stored(client, blank_png)
    await delete_image(database, path)

    answer = await http.get(path)

    assert (answer.status_code, answer.json()["error"]) == (410, "image_deleted")


async def test_a_damaged_image_is_refused(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """Only decoding shows the damage, so the image was accepted by its header."""
    whole = jpeg(draw_receipt(DrawnReceipt()), orientation=6)

    answer = await http.get(await stored(client, whole[: len(whole) // 2]))

    assert (answer.status_code, answer.json()["error"]) == (422, "unreadable_image")
