"""The commands in `bin/` that take no arguments of other programs."""

import subprocess

import pytest

from shared.local.checkout import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["bin/setup", "bin/check", "bin/format", "bin/openapi", "bin/kubernetes-rules"]
)
def test_an_unknown_argument_is_refused(command: str) -> None:
    """A misspelt option must not run the command without it."""
    done = subprocess.run(
        [ROOT / command, "--relase"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"Usage: {command}")
