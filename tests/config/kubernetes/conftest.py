"""The objects of each overlay, built once."""

import os
from pathlib import Path

import pytest

from tests.config.kubernetes.cluster import FOLDER, OVERLAYS, Object, build, packaged_kubectl


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubectl, for what it does without a cluster. All processes of a run share one."""
    base = tmp_path_factory.getbasetemp()
    return packaged_kubectl(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def overlays(kubectl: Path) -> dict[str, list[Object]]:
    """The objects of every overlay, by its name."""
    return {name: build(kubectl, FOLDER / "overlays" / name) for name in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest, overlays: dict[str, list[Object]]) -> list[Object]:
    """The objects of one overlay; a test that asks for them runs once for each."""
    return overlays[request.param]


@pytest.fixture
def large(overlays: dict[str, list[Object]]) -> list[Object]:
    """The objects of the overlay `large`."""
    return overlays["large"]
