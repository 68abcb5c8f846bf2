"""Fixtures for the integration tests, which run against the service at AI_SERVICE_URL.

`bin/test-integration` starts a service unless it is given the URL of one. Every answer is compared
with the snapshot of the contract. The token in AI_SERVICE_TOKEN, if there is one, has the scope
`admin` for all tenants.
"""

import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import pytest

from shared.client import ServiceClient
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.pytest_plugin import ai_tenant, assert_enqueued, await_job, drain_queues
from tests.integration.callback_receiver import CallbackReceiver
from tests.integration.checked_transport import CheckedTransport, Contract
from tests.support.access.tokens import bearer

# pytest finds fixtures that a conftest imports.
__all__ = ["ai_tenant", "assert_enqueued", "await_job", "drain_queues"]

RESULTS = pytest.StashKey[dict[str, list[bool]]]()
_CALLED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def service_url() -> str:
    """The URL of the service."""
    url = os.environ.get("AI_SERVICE_URL")
    assert url, "AI_SERVICE_URL is not set: run bin/test-integration"
    return url


@pytest.fixture(scope="session")
def service_token() -> str | None:
    """The token of an operator, or none if the service wants none."""
    return os.environ.get("AI_SERVICE_TOKEN") or None


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract of this version."""
    return Contract.snapshot()


@pytest.fixture
def transport(contract: Contract, request: pytest.FixtureRequest) -> Iterator[CheckedTransport]:
    """A transport that compares every answer with the contract, and notes the operations."""
    with CheckedTransport(contract) as transport:
        request.node.stash[_CALLED] = transport.called
        yield transport


@pytest.fixture
def ai_client(
    service_url: str, service_token: str | None, ai_tenant: str, transport: CheckedTransport
) -> Iterator[ServiceClient]:
    """The Python client, whose answers are compared with the contract."""
    with ServiceClient(service_url, ai_tenant, token=service_token, transport=transport) as client:
        yield client


@pytest.fixture
def http(
    service_url: str, service_token: str | None, transport: CheckedTransport
) -> Iterator[httpx.Client]:
    """An HTTP client, for what the Python client has no method for."""
    headers = bearer(service_token) if service_token else {}
    with httpx.Client(
        base_url=service_url, headers=headers, transport=transport, timeout=60
    ) as http:
        yield http


@pytest.fixture(scope="session")
def receipt() -> bytes:
    """The image of a drawn receipt, or the file that RECEIPT_IMAGE names."""
    path = os.environ.get("RECEIPT_IMAGE")
    return Path(path).read_bytes() if path else encode(draw_receipt(DrawnReceipt()))


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    """A receiver of callbacks on 127.0.0.1. The service has to reach it, and to have its secret."""
    secrets = os.environ.get("CALLBACK_SECRETS")
    if not secrets:
        pytest.skip("CALLBACK_SECRETS is not set to the secrets of the service")
    with CallbackReceiver(secrets.split(",")) as receiver:
        yield receiver


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no results."""
    config.stash[RESULTS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note for each operation that a test called whether the test passed."""
    report = yield
    if report.when == "call":
        for operation in item.stash.get(_CALLED, []):
            item.config.stash[RESULTS].setdefault(operation, []).append(report.passed)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results where the runner looks for them."""
    if path := os.environ.get("INTEGRATION_RESULTS"):
        Path(path).write_text(json.dumps(session.config.stash[RESULTS]))
