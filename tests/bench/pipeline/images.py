"""Images of receipts: drawn ones of several lengths and kinds, or those of a folder."""

from dataclasses import replace
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path

from shared.local.receipt_image import DrawnItem, DrawnReceipt, draw_receipt, encode
from tests.bench.figures import NotMeasured

_KINDS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".pdf"}
_MERCHANTS = ("GREEN VALLEY MARKET LTD", "CORNER SHOP 24", "HARBOUR FOODS", "THE OLD DAIRY")
_NAMES = (
    "Organic Whole Milk",
    "Sourdough Bread",
    "Bananas loose",
    "Chicken Breast Fillets 500g",
    "Mature Cheddar",
    "Orange Juice 1L",
    "Dish Soap",
    "Free Range Eggs x12",
    "Basmati Rice 2kg",
    "Frozen Peas",
    "Greek Yoghurt",
)
# Items on the shortest drawn receipt, and by how many each next one is longer.
_SHORTEST, _LONGER, _LENGTHS = 4, 4, 6


def receipt_files(given: Path | None, folder: Path, count: int) -> list[Path]:
    """Return the paths of `count` images, which repeat if there are fewer.

    They are those in the folder `given`, or are drawn in `folder`. Raises NotMeasured if the
    folder has none.
    """
    if given is None:
        files = _drawn(folder)
    else:
        files = sorted(file for file in given.rglob("*") if file.suffix.lower() in _KINDS)
        if not files:
            raise NotMeasured(f"{given} has no image of a receipt ({', '.join(sorted(_KINDS))}).")
    return list(islice(cycle(files), count))


def _drawn(folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = []
    for number in range(_LENGTHS):
        names = islice(cycle(_NAMES), number, number + _SHORTEST + _LONGER * number)
        items = [
            DrawnItem(name, Decimal(95 + 37 * place) / 100) for place, name in enumerate(names)
        ]
        merchant = _MERCHANTS[number % len(_MERCHANTS)]
        receipt = replace(DrawnReceipt(), merchant=merchant, items=items)
        kind = ("PNG", "JPEG")[number % 2]
        file = folder / f"receipt-{number}.{kind.lower()}"
        file.write_bytes(encode(draw_receipt(receipt), kind))
        files.append(file)
    return files
