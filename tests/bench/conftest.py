"""What the measurements need, on the servers of the tests and as small as can be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local import stack
from tests.bench.system import Bench, template_database


@pytest.fixture(scope="session")
def bench(servers: stack.Servers, folder: Path) -> Iterator[Bench]:
    """One round with a hundredth of the usual jobs and seconds."""
    with template_database(servers) as template:
        yield Bench(servers, folder, template, rounds=1, size=0.01)
