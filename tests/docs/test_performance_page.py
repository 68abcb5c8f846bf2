"""docs/performance.md and its pictures are what bin/bench --page makes of config/bench.json."""

import pytest

from tests.bench.capacity.page import PAGE, SAVED, rendered
from tests.bench.figures import NotMeasured
from tests.bench.report.saved import Saved, read


def test_the_page_and_its_pictures_show_the_saved_figures() -> None:
    """Run bin/bench --page where they do not."""
    for path, text in rendered(PAGE.read_text(), read(SAVED)).items():
        assert path.read_text() == text, f"{path.name} is out of date: run bin/bench --page"


def test_a_measurement_that_is_missing_is_named() -> None:
    """The page needs the costs of receipts first."""
    with pytest.raises(NotMeasured, match="bin/bench --only ocr"):
        rendered(PAGE.read_text(), Saved(measurements={}))
