"""The size of an image is read from its header alone, and agrees with what Pillow finds."""

import io

import pytest
from PIL import Image

from shared.images.headers import DamagedHeader, size_in_header
from shared.images.inspection import media_type_of
from shared.local.receipt_image import encode
from tests.support.files.costly import heic_of_declared_size
from tests.support.heic_and_pdf import heic

PICTURE = Image.effect_noise((70, 31), 60).convert("RGB")


def webp(*, lossless: bool = False, alpha: bool = False, frames: int = 1) -> bytes:
    """Encode a WebP, whose three kinds of header depend on what is in it."""
    file = io.BytesIO()
    picture = PICTURE.convert("RGBA") if alpha else PICTURE
    if alpha:
        picture.putalpha(Image.effect_noise(PICTURE.size, 60))
    others = [picture.rotate(180)] * (frames - 1)
    picture.save(file, "WEBP", lossless=lossless, save_all=frames > 1, append_images=others)
    return file.getvalue()


def jpeg(**options: object) -> bytes:
    """Encode a JPEG."""
    file = io.BytesIO()
    PICTURE.save(file, "JPEG", **options)
    return file.getvalue()


FILES = {
    "JPEG": jpeg(),
    "progressive JPEG": jpeg(progressive=True),
    "JPEG with a profile and a comment": jpeg(icc_profile=b"x" * 200_000, comment=b"c" * 60_000),
    "JPEG with fill bytes": jpeg()[:2] + b"\xff" * 100 + jpeg()[2:],
    "PNG": encode(PICTURE, "PNG"),
    "lossy WebP": webp(),
    "lossless WebP": webp(lossless=True),
    "transparent WebP": webp(alpha=True),
    "animated WebP": webp(frames=3),
    "HEIC": heic(PICTURE),
}


@pytest.mark.parametrize("name", FILES)
def test_the_size_is_that_of_the_picture(name: str) -> None:
    """Every kind of header is read."""
    content = FILES[name]

    assert size_in_header(content, media_type_of(content)) == PICTURE.size


@pytest.mark.parametrize("name", [name for name in FILES if name != "HEIC"])
@pytest.mark.parametrize("kept", [12, 20])
def test_a_header_that_is_cut_off_is_damaged(name: str, kept: int) -> None:
    with pytest.raises(DamagedHeader):
        size_in_header(FILES[name][:kept], media_type_of(FILES[name]))


def test_the_worker_looks_where_the_front_finds_no_size() -> None:
    """A HEIC may be written in ways that only its decoder knows."""
    assert size_in_header(heic(PICTURE)[:150], "image/heic") is None


def test_the_declared_size_of_a_heic_is_that_of_its_primary_item() -> None:
    assert size_in_header(heic_of_declared_size(65_000, 64_000), "image/heic") == (65_000, 64_000)
