"""Writes an item's name as people do: `ORG WHL MLK 1GL` is Organic Whole Milk, and a gallon.

What cannot be understood stays as it is printed.
"""

from dataclasses import dataclass

from worker.pipeline.reading.items.sizes import PrintedSize, Size, find_sizes
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.words.abbreviations import load_abbreviations
from worker.pipeline.words.casing import calmed, shouts

# What may dangle where a size has been removed.
_DANGLING = " \t-–,;:/*+"


@dataclass(frozen=True)
class ReadableName:
    """A readable name: `name` without its size, if one was found, and `with_size` in place."""

    name: str
    size: Size | None
    with_size: str


def readable_name(printed: str) -> ReadableName:
    """Write out the abbreviations of a printed name, and put it in Title Case if it is in capitals.

    The name is never empty unless `printed` is, and making it readable again changes nothing. Two
    sizes, or a size and nothing else, stay in the name.
    """
    text = " ".join(printed.split())
    size, rest = _taken_out(text)
    shouted = shouts(rest)
    name = _worded(rest, shouted)
    if size is None:
        return ReadableName(name, None, name)
    blank = " " if text[: size.start][-1:].isalnum() else ""
    marked = f"{text[: size.start]}{blank}{size.written(text)}{text[size.end :]}"
    return ReadableName(name, size.size, _worded(marked, shouted))


def _taken_out(text: str) -> tuple[PrintedSize | None, str]:
    """Return the size in a text, and the text without it."""
    found = find_sizes(text)
    if len(found) == 1:
        rest = _without(text, found[0])
        if letters(rest) >= 2 and not find_sizes(rest):
            return found[0], rest
    return None, text


def _without(text: str, size: PrintedSize) -> str:
    before, after = text[: size.start].rstrip(_DANGLING), text[size.end :].lstrip(_DANGLING)
    if before.endswith("(") and after.startswith(")"):
        before, after = before[:-1].rstrip(), after[1:].lstrip()
    return f"{before} {after}".strip()


def _worded(text: str, shouted: bool) -> str:
    return load_abbreviations().expand(calmed(text) if shouted else text)
