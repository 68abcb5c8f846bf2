"""Draws receipts with known content, for the demo and the tests."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from PIL import Image, ImageDraw, ImageFont

# Pixels.
_WIDTH = 600
_MARGIN = 30
_LINE = 40
_SIZE = 26


@dataclass(frozen=True)
class DrawnItem:
    """An item on a drawn receipt."""

    name: str
    price: Decimal


@dataclass(frozen=True)
class DrawnReceipt:
    """The text on a drawn receipt, to compare with what is read from its image."""

    merchant: str = "GREEN VALLEY MARKET LTD"
    address: Sequence[str] = ("12 Orchard Road", "Bristol BS1 4QT")
    date: str = "14/03/2026 17:42"
    currency: str = "GBP"
    items: Sequence[DrawnItem] = field(
        default_factory=lambda: [
            DrawnItem("Organic Whole Milk", Decimal("1.85")),
            DrawnItem("Sourdough Bread", Decimal("3.20")),
            DrawnItem("Bananas", Decimal("1.15")),
            DrawnItem("Chicken Breast", Decimal("6.49")),
            DrawnItem("Cheddar Cheese", Decimal("4.30")),
            DrawnItem("Orange Juice", Decimal("2.75")),
            DrawnItem("Dish Soap", Decimal("1.60")),
        ]
    )

    @property
    def total(self) -> Decimal:
        """The sum of the items' prices."""
        return sum((item.price for item in self.items), Decimal(0))

    def rows(self) -> list[tuple[str, str]]:
        """Return the left and the right text of every row; either may be empty."""
        paid = self.total.quantize(Decimal(1)) + 10
        return [
            (self.merchant, ""),
            *((line, "") for line in self.address),
            ("", ""),
            (f"Date: {self.date}", ""),
            ("", ""),
            *((item.name, f"{item.price:.2f}") for item in self.items),
            ("", ""),
            (f"TOTAL {self.currency}", f"{self.total:.2f}"),
            ("CASH", f"{paid:.2f}"),
            ("CHANGE", f"{paid - self.total:.2f}"),
            ("", ""),
            ("Thank you for shopping with us", ""),
        ]


def draw_receipt(receipt: DrawnReceipt) -> Image.Image:
    """Draw the receipt in black on white."""
    rows = receipt.rows()
    font = ImageFont.load_default(_SIZE)
    image = Image.new("RGB", (_WIDTH, 2 * _MARGIN + _LINE * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for index, (left, right) in enumerate(rows):
        y = _MARGIN + index * _LINE
        draw.text((_MARGIN, y), left, "black", font)
        draw.text((_WIDTH - _MARGIN - draw.textlength(right, font), y), right, "black", font)
    return image


def encode(image: Image.Image, image_format: str = "PNG") -> bytes:
    """Return the image as the content of a file. `image_format` is one of Pillow's names."""
    buffer = io.BytesIO()
    image.save(buffer, image_format)
    return buffer.getvalue()
