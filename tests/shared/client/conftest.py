"""Clients of either kind."""

import pytest

from tests.support.both_clients import Kind


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Every test that asks for it is run with both."""
    kind: Kind = request.param
    return kind
