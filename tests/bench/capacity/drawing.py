"""Draws SVG: text, bars and lines on white, with nothing but strings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

COLOURS = ("#3b6ea5", "#d98032", "#4f9d69", "#9467bd", "#b8475a", "#7f7f7f", "#b39b2e", "#5ab4c4")
_SIZE = 13


@dataclass
class Drawing:
    """A picture of `width` × `height` pixels, with a title for those who cannot see it."""

    title: str
    width: int
    height: int
    _parts: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False
    ) -> None:
        """Write a line of text whose baseline is at `y`. `anchor` is `start`, `middle` or `end`."""
        weight = ' font-weight="bold"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
        )

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle, which is at least a pixel wide."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1, width):.1f}" height="{height:.1f}" '
            f'fill="{colour}"/>'
        )

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 2) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        )

    def svg(self) -> str:
        """Return the file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" font-family="sans-serif" '
            f'font-size="{_SIZE}">\n<title>{escape(self.title)}</title>\n'
            '<rect width="100%" height="100%" fill="white"/>\n'
        )
        return head + "\n".join(self._parts) + "\n</svg>\n"
