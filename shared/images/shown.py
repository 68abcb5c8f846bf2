"""What a front knows of the program that shows images: `shared.images.showing`."""

from enum import IntEnum

# Every engine and browser takes JPEG.
SHOWN_AS = "image/jpeg"


class Status(IntEnum):
    """How the program ends: the image is on stdout, or there is none, and why."""

    SHOWN = 0
    NO_SUCH_PAGE = 10
    UNREADABLE = 11
    TOO_COSTLY = 12
