"""The geometry of boxes over the pages of an image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.receipts.printed import Box, ImagePage


@dataclass(frozen=True)
class Outline:
    """A box of a field, as the `points` of an SVG polygon."""

    field: str
    name: str
    points: str


@dataclass(frozen=True)
class PagePicture:
    """A page of the image with the outlines that lie on it."""

    page: ImagePage
    outlines: Sequence[Outline]


def page_pictures(
    pages: Iterable[ImagePage], boxes: Iterable[tuple[str, str, Box]]
) -> list[PagePicture]:
    """Return the pictures of the pages. Each box comes with the id and the name of its field."""
    placed = list(boxes)
    return [
        PagePicture(
            page,
            [
                Outline(field, name, " ".join(f"{x:g},{y:g}" for x, y in box.polygon))
                for field, name, box in placed
                if box.page == page.number
            ],
        )
        for page in pages
    ]
