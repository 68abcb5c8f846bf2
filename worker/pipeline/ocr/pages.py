"""Loads a file as pages, and recognises the pages as the text of one receipt."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from shared.images.inspection import PDF, media_type_of
from worker.pipeline.ocr.decode import decode_image
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import PixelPage, UprightPage, read_upright
from worker.pipeline.ocr.pdf import TextPage, read_pdf, text_layer_reader
from worker.pipeline.ocr.text import TextLine

Page = PixelPage | TextPage


@dataclass(frozen=True)
class Recognition:
    """The pages of a file as they were read, with the name and version of the engine."""

    pages: Sequence[UprightPage | TextPage]
    engine: str
    engine_version: str

    @cached_property
    def lines(self) -> Sequence[TextLine]:
        """The lines of all pages, as if one page were below the other."""
        lines: list[TextLine] = []
        top = 0
        for page in self.pages:
            lines.extend(line.lowered(top) for line in page.lines)
            top += page.height
        return lines

    @property
    def has_logo(self) -> bool:
        """Whether the first page has a logo that is not in its text."""
        return any(isinstance(page, TextPage) and page.logo for page in self.pages[:1])

    def with_logo(self, engine: OcrEngine) -> "Recognition":
        """Return the pages with the text of the logo, which `engine` reads, above the first."""
        first, *rest = self.pages
        if not isinstance(first, TextPage) or first.logo is None:
            return self
        named = first.logo.on_page(engine.read(first.logo.pixels), first.lines)
        return replace(self, pages=[replace(first, lines=[*named, *first.lines]), *rest])

    @property
    def sizes(self) -> Sequence[tuple[int, int]]:
        """Width and height of each page in pixels of the original."""
        return [
            (page.width, page.height) if isinstance(page, TextPage) else page.size
            for page in self.pages
        ]


def load_pages(content: bytes, max_pixels: int) -> Sequence[Page]:
    """Load a file as at least one page that is ready to be read.

    Raises ImageUnsupported, and whatever `decode_image` and `read_pdf` raise.
    """
    return list(each_page(content, max_pixels))


def each_page(content: bytes, max_pixels: int) -> Iterator[Page]:
    """Yield the pages that `load_pages` returns, each as soon as it is loaded."""
    media_type = media_type_of(content)
    if media_type == PDF:
        pages = read_pdf(content)
    else:
        pages = iter((decode_image(content, media_type, max_pixels),))
    for page in pages:
        if isinstance(page, TextPage):
            yield page
        else:
            yield PixelPage.of(page)


def recognise(
    pages: Sequence[Page], engine: OcrEngine, on_page: Callable[[int], None]
) -> Recognition:
    """Read the pages that are pixels with `engine`; after each, `on_page` gets the number read."""
    read: list[UprightPage | TextPage] = []
    for page in pages:
        read.append(page if isinstance(page, TextPage) else read_upright(page, engine))
        on_page(len(read))
    if any(isinstance(page, UprightPage) for page in read):
        return Recognition(read, engine.name, engine.version)
    return Recognition(read, *text_layer_reader())
