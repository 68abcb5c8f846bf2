"""The fixture that runs a test with both clients."""

import pytest

from tests.support.both_clients import Kind


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The kind of client; a test with this fixture runs once with each."""
    kind: Kind = request.param
    return kind
