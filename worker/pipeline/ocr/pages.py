"""A file as pages, and all its pages as the text of one receipt."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.images import PDF, media_type_of
from worker.pipeline.ocr.decode import Pixels, decode_image
from worker.pipeline.ocr.engine import OcrEngine
from worker.pipeline.ocr.orientation import read_upright
from worker.pipeline.ocr.pdf import TextPage, read_pdf, text_layer_reader
from worker.pipeline.ocr.prepare import prepare
from worker.pipeline.ocr.text import TextLine


@dataclass(frozen=True)
class Recognition:
    """The lines of all pages, one below the other, and who read them."""

    lines: Sequence[TextLine]
    engine: str
    engine_version: str


def load_pages(content: bytes, max_pixels: int) -> Sequence[Pixels | TextPage]:
    """At least one page, ready to be read. Raises what `decode_image` and `read_pdf` raise,
    ImageUnsupported."""
    media_type = media_type_of(content)
    if media_type == PDF:
        pages = read_pdf(content)
    else:
        pages = [decode_image(content, media_type, max_pixels)]
    return [page if isinstance(page, TextPage) else prepare(page) for page in pages]


def recognise(pages: Sequence[Pixels | TextPage], engine: OcrEngine) -> Recognition:
    """Read the pages that are pixels with `engine`."""
    lines: list[TextLine] = []
    top = 0
    name, version = text_layer_reader()
    for page in pages:
        if isinstance(page, TextPage):
            found, height = page.lines, page.height
        else:
            found, height = read_upright(page, engine).lines, page.shape[0]
            name, version = engine.name, engine.version
        lines.extend(line.lowered(top) for line in found)
        top += height
    return Recognition(lines, name, version)
