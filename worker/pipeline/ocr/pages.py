"""A file as pages, and all its pages as the text of one receipt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.images import PDF, media_type_of
from worker.pipeline.ocr.decode import Pixels, decode_image
from worker.pipeline.ocr.engine import OcrEngine
from worker.pipeline.ocr.pdf import TextPage, read_pdf, text_layer_reader
from worker.pipeline.ocr.text import TextLine


@dataclass(frozen=True)
class Recognition:
    """The lines of all pages, one below the other, and who read them."""

    lines: Sequence[TextLine]
    engine: str
    engine_version: str


def load_pages(content: bytes, max_pixels: int) -> Sequence[Pixels | TextPage]:
    """At least one page. Raises what `decode_image` and `read_pdf` raise, ImageUnsupported."""
    media_type = media_type_of(content)
    if media_type == PDF:
        return read_pdf(content)
    return [decode_image(content, media_type, max_pixels)]


def recognise(pages: Sequence[Pixels | TextPage], engine: OcrEngine) -> Recognition:
    """Read the pages that are pixels with `engine`."""
    lines: list[TextLine] = []
    top = 0
    name, version = text_layer_reader()
    for page in pages:
        if isinstance(page, TextPage):
            found, height = page.lines, page.height
        else:
            found, height = engine.read(page), page.shape[0]
            name, version = engine.name, engine.version
        lines.extend(_lowered(line, top) for line in found)
        top += height
    return Recognition(lines, name, version)


def _lowered(line: TextLine, by: int) -> TextLine:
    words = (replace(word, top=word.top + by, bottom=word.bottom + by) for word in line.words)
    return TextLine(tuple(words))
