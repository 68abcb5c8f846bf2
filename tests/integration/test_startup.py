"""Startup with a dependency missing: the service's own, and that of a program that calls it."""

import json
import os
import subprocess
import sys

import pytest

from shared.client import ServiceClient
from shared.client.errors import ServiceUnreachable
from shared.local.checkout import ROOT
from tests.support.fronts import nowhere


@pytest.mark.parametrize("program", ["api", "worker"])
def test_a_process_without_its_dependencies_does_not_start(program: str) -> None:
    """With REQUIRE_DEPENDENCIES it names what is missing, and exits with 1."""
    missing = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
    }
    ports = {"PORT": "0", "WORKER_PORT": "0", "REQUIRE_DEPENDENCIES": "true", "LOG_FORMAT": "json"}
    done = subprocess.run(
        [sys.executable, "-m", program],
        cwd=ROOT,
        env={**os.environ, **missing, **ports},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    said = {line["dependency"] for line in lines if line["message"] == "dependency.missing"}
    assert said == {"database", "redis"}


def test_a_program_finds_its_service_ready(ai_client: ServiceClient) -> None:
    """Validation at startup has nothing to say."""
    assert ai_client.validate(fail_fast=True).shortcomings == ()


def test_a_program_without_its_service_does_not_start(ai_tenant: str) -> None:
    """Validation at startup names the connection, or raises if it shall fail fast."""
    with ServiceClient(nowhere("http").get_secret_value(), ai_tenant) as client:
        found = client.validate()
        with pytest.raises(ServiceUnreachable):
            client.validate(fail_fast=True)

    assert [shortcoming.check for shortcoming in found.shortcomings] == ["connection"]
