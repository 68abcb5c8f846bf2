"""The Elixir client has our version, is formatted, has no warnings, and passes its own tests.

Its tests against a running service are part of bin/test-integration.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from shared.version import NEXT
from tests.integration.checked_transport import Contract
from tests.integration.elixir import OPERATIONS

CLIENT = ROOT / "clients/elixir"


def test_it_has_the_version_of_the_next_release() -> None:
    """A client of another version would promise another interface."""
    assert re.findall(r'@version "(.+)"', (CLIENT / "mix.exs").read_text()) == [NEXT]


def test_it_depends_on_nothing() -> None:
    """Without Hex, even an optional dependency would stop `mix test`."""
    assert "defp deps, do: []" in (CLIENT / "mix.exs").read_text()


def test_its_operations_are_those_of_the_contract() -> None:
    """The table of bin/test-integration counts the client's operations under our names."""
    library = "".join(path.read_text() for path in (CLIENT / "lib").rglob("*.ex"))
    named = r"(?:operation: |Work\.(?:flat|enveloped)\(\s*|about(?:_job)?\(|ask\():(\w+)"

    assert set(re.findall(named, library)) == set(OPERATIONS)
    assert set(OPERATIONS.values()) <= {
        operation.name for operation in Contract.snapshot().operations
    }


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.needs_program("mix")
def test_it_passes_its_own_checks(tmp_path: Path) -> None:
    """The build goes into a folder of its own, so that it is complete each time."""
    environment = {**os.environ, "MIX_ENV": "test", "MIX_BUILD_PATH": str(tmp_path)}
    command = "format --check-formatted + compile --warnings-as-errors + test"
    done = subprocess.run(
        ["mix", "do", *command.split()],
        cwd=CLIENT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failures" in done.stdout
