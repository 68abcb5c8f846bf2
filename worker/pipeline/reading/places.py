"""Finds the places on the original image at which words are printed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.contracts.receipts.printed import Box
from worker.pipeline.ocr.placing import Matrix, mapped
from worker.pipeline.ocr.text import Word


@dataclass(frozen=True, eq=False)
class PagePlace:
    """A page among the lines of all pages: its height there, and the way back to the original.

    `size` has the width and height of the original in pixels.
    """

    height: int
    to_original: Matrix
    size: tuple[int, int]


@dataclass(frozen=True)
class Places:
    """The pages of an image, from top to bottom, as their lines are stacked for reading."""

    pages: Sequence[PagePlace] = ()

    def boxes(self, words: Iterable[Word]) -> list[Box]:
        """Return a box around the words of each page; there is none if no page is known."""
        by_page: dict[int, list[Word]] = {}
        for word in words:
            for number, top in self._page_at(word.middle):
                moved = Word(
                    word.text,
                    word.left,
                    word.top - top,
                    word.right,
                    word.bottom - top,
                    word.confidence,
                )
                by_page.setdefault(number, []).append(moved)
        return [self._box(number, words) for number, words in sorted(by_page.items())]

    def _page_at(self, y: float) -> Iterator[tuple[int, int]]:
        """Yield the index and the top of the page at a height; nothing if there are no pages."""
        top = 0
        for index, page in enumerate(self.pages):
            if y < top + page.height or index == len(self.pages) - 1:
                yield index, top
                return
            top += page.height

    def _box(self, index: int, words: Sequence[Word]) -> Box:
        left, right = min(word.left for word in words), max(word.right for word in words)
        top, bottom = min(word.top for word in words), max(word.bottom for word in words)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        page = self.pages[index]
        polygon = mapped(corners, page.to_original).clip(0, page.size).round(1)
        return Box(page=index + 1, polygon=[(x, y) for x, y in polygon.tolist()])
