"""A short run of `bin/fuzz --files`."""

from pathlib import Path

import pytest

from shared.settings import Settings
from tests.fuzz.files.mutations import mutants
from tests.fuzz.files.running import Tally, load, send
from tests.fuzz.files.seeds import bodies, files
from tests.support.fronts import front_http


async def test_a_front_answers_damaged_files_and_bodies(settings: Settings, tmp_path: Path) -> None:
    """No answer is a 500, and some of the damaged ones are still accepted."""
    tally = Tally(tmp_path)
    async with front_http(settings) as http:
        await send(http, mutants(files(), 150, seed=1), tally)
        await send(http, mutants(bodies(), 80, seed=1), tally)

    assert tally.wrong == []
    assert tally.outcomes["front 202 "] > 0
    assert tally.outcomes.total() == 230


@pytest.mark.slow
@pytest.mark.timeout(170)
def test_no_damaged_file_harms_a_worker(tmp_path: Path) -> None:
    """A file is loaded, or refused for a reason that is its own fault."""
    tally = Tally(tmp_path)
    load(mutants(files(), 50, seed=1), tally)

    assert tally.wrong == []
    assert tally.outcomes["loaded"] > 0
    assert tally.outcomes["worker unreadable_image"] > 0
