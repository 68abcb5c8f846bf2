"""Draws lines of print as tills and cameras make them, to measure a model's range of values."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from worker.pipeline.ocr.engines.line_reader import HEIGHT, normalised

Lines = npt.NDArray[np.float32]

_COUNT = 24
# All have one width, since ranges are measured by histograms of tensors of equal shape. Where a
# line is shorter, the rest is padding, which the model meets as well.
_WIDTH = 320
_WORDS = [
    "ORGANIC", "WHOLE", "MILK", "BREAD", "BUTTER", "TOTAL", "SUMME", "Change", "CASH", "VISA",
    "MwSt", "Steuer", "Rounding", "Invoice", "Tax", "Qty", "Price", "Kiwi", "Gurken", "Salat",
    "Wasser", "Pfand", "leche", "pan", "queso", "aceite", "uva", "mleko", "chleb", "ser", "Jalan",
    "No.", "Tel", "Fax", "GST", "Market", "Street", "Store", "Receipt", "Approved", "Merci",
]  # fmt: skip


def drawn_lines(count: int = _COUNT, first: int = 0) -> Sequence[Lines]:
    """Return lines of shape (1, 3, 48, 320) with values from -1 to 1.

    The same numbers, from `first` on, always give the same lines.
    """
    return [_line(np.random.default_rng(first + number)) for number in range(count)]


def _line(chance: np.random.Generator) -> Lines:
    image = _print(_text(chance), chance)
    height, width = image.shape[:2]
    scaled = cv2.resize(image, (min(HEIGHT * width // height, _WIDTH), HEIGHT))
    line = np.zeros((1, 3, HEIGHT, _WIDTH), np.float32)
    line[0, :, :, : scaled.shape[1]] = normalised(scaled)
    return line


def _text(chance: np.random.Generator) -> str:
    """Return a price, a date, an article number or a few words."""
    number = chance.integers
    match number(5):
        case 0:
            return f"{number(999)}.{number(100):02d} A"
        case 1:
            day = f"{number(1, 32):02d}/{number(1, 13):02d}/{number(2015, 2027)}"
            return f"{day} {number(24):02d}:{number(60):02d}"
        case 2:
            return str(number(10**4, 10**13))
        case 3:
            return f"{number(1, 20)} x ${number(30)}.{number(100):02d}"
        case _:
            return " ".join(chance.choice(_WORDS, number(1, 5)))


def _print(text: str, chance: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw black or grey print on white or grey paper, blurred, faded and with noise."""
    font = ImageFont.load_default(int(chance.integers(22, 52)))
    left, top, right, bottom = font.getbbox(text)
    paper = int(chance.integers(170, 256))
    ink = int(chance.integers(0, int(paper * 0.6)))
    x, y = int(chance.integers(4, 17)), int(chance.integers(4, 21))
    sides = int(right - left) + 2 * x, int(bottom - top) + 2 * y
    image = Image.new("L", sides, paper)
    ImageDraw.Draw(image).text((x - left, y - top), text, ink, font)
    small = image.resize((sides[0] // 2, sides[1] // 2), Image.Resampling.LANCZOS)
    blurred = np.asarray(small.filter(ImageFilter.GaussianBlur(chance.uniform(0, 1.1))), float)
    faded = np.where(chance.random(blurred.shape) < chance.uniform(0, 0.08), paper, blurred)
    noisy = faded + chance.normal(0, chance.uniform(0, 16), faded.shape)
    return np.repeat(noisy.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
