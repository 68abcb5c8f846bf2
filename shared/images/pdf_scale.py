"""The scale at which the pages of a PDF are drawn, for reading and for showing them."""

# Longest side of a drawn page or a decoded image in pixels. A receipt that fills only a part of a
# scan is still large enough to be read.
LONGEST_SIDE = 3600
# 300 dots per inch, since a PDF's unit is 1/72 inch. A higher resolution shows no more print.
_MAX_SCALE = 300 / 72
# A file of more pages is not a receipt.
MAX_PAGES = 5


def page_scale(width: float, height: float) -> float:
    """Return the pixels for each unit of a page with these sides in units."""
    return min(LONGEST_SIDE / max(width, height, 1), _MAX_SCALE)
