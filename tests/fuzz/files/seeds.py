"""The whole files and bodies that are damaged, all drawn by code and small."""

import base64
import io
import json
import re
from collections.abc import Mapping

import numpy as np
from PIL import Image

from shared.local.receipt_image import DrawnReceipt
from tests.support.files import costly
from tests.support.heic_and_pdf import heic, pdf, scanned_pdf

# Small and without print, so that most of the time goes to decoding.
_SIZE = (40, 60)
_BOX = re.compile(rb"/MediaBox ?\[[^]]*\]")


def files() -> Mapping[str, bytes]:
    """Return a file of each format and each of its kinds, by name."""
    receipt = DrawnReceipt()
    grey = Image.linear_gradient("L").resize(_SIZE)
    picture = Image.merge("RGB", (grey, grey.rotate(180), grey))
    clear = picture.convert("RGBA")
    clear.putalpha(picture.convert("L"))
    frames = {"save_all": True, "append_images": [picture.rotate(180)] * 2}
    return {
        "baseline.jpg": _encoded(picture, "JPEG", exif=_exif(), icc_profile=b"p" * 300),
        "progressive.jpg": _encoded(picture, "JPEG", progressive=True),
        "grey.jpg": _encoded(picture.convert("L"), "JPEG"),
        "colour.png": _encoded(picture, "PNG", icc_profile=b"p" * 300),
        "clear.png": _encoded(clear, "PNG"),
        "palette.png": _encoded(picture.convert("P"), "PNG"),
        "wide.png": _encoded(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG"),
        "lossy.webp": _encoded(picture, "WEBP", exif=_exif()),
        "lossless.webp": _encoded(clear, "WEBP", lossless=True),
        "animated.webp": _encoded(picture, "WEBP", **frames),
        "picture.heic": heic(picture),
        "text.pdf": pdf(receipt),
        "scan.pdf": _small(scanned_pdf(DrawnReceipt(items=receipt.items[:1]))),
        "forms.pdf": _small(costly.nested_forms(3, 2)),
        "shading.pdf": _small(costly.shadings(1)),
        "groups.pdf": _small(costly.nested_groups(3)),
        "tiles.pdf": _small(costly.tiling(50)),
    }


def bodies() -> Mapping[str, bytes]:
    """Return a body of POST /api/v1/jobs for each feature, by name."""
    picture = base64.b64encode(costly.png(8, 8)).decode()
    options = {"locale": "de-DE", "country": "DE", "default_currency": "EUR"}
    items = [{"id": f"i{number}", "name": f"Whole milk {number}"} for number in range(4)]
    payloads = {
        "receipt_extraction": {"image_base64": picture, "options": options},
        "categorization": {"item_name": "Whole milk", "candidate_labels": ["Dairy", "Bakery"]},
        "categorization_batch": {"items": items, "candidate_labels": ["Dairy"]},
        "embedding": {"texts": [{"id": "1", "text": "milk"}, "bread"], "batch_size": 8},
    }
    return {
        f"{feature}.json": json.dumps(
            {"tenant_id": "fuzz", "user_id": "u", "feature": feature, "payload": payload,
             "priority": 1, "metadata": {"a": [1, 2.5, None, True]}}
        ).encode()
        for feature, payload in payloads.items()
    }  # fmt: skip


def _small(file: bytes) -> bytes:
    """Make the pages of a PDF so small that recognising them takes no time."""
    return _BOX.sub(lambda found: b"/MediaBox[0 0 9 9]".ljust(len(found[0])), file)


def _encoded(picture: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "A receipt"
    return exif
