"""One of two papers on a table is not cut away."""

import cv2
import numpy as np
import pytest

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.letters import find_letters
from worker.pipeline.ocr.photo.paper import find_paper

ROW = "TURNIPS  3.40  A"


def table(*lefts: int, printed: bool = True) -> Pixels:
    """Draw papers on a dark table, the first one printed and larger than the next."""
    pixels = np.full((1000, 1300, 3), 45, np.uint8)
    for number, left in enumerate(lefts):
        cv2.rectangle(
            pixels, (left, 120), (left + 420, 860 - 90 * number), (240, 240, 236), cv2.FILLED
        )
        for top in range(180, 740, 50) if printed or number == 0 else ():
            cv2.putText(pixels, ROW, (left + 40, top), cv2.FONT_HERSHEY_SIMPLEX, 1, (30, 30, 30), 2)
    return pixels


@pytest.mark.parametrize(
    ("photo", "is_cut_out"),
    [
        (table(100), True),
        (table(100, 760), False),
        # An envelope, or a second receipt with its back up.
        (table(100, 760, printed=False), True),
    ],
)
def test_a_paper_is_cut_out_unless_another_has_print(photo: Pixels, is_cut_out: bool) -> None:
    """The rest of the image is lost with the cut."""
    assert (find_paper(photo, find_letters(photo)) is not None) == is_cut_out
