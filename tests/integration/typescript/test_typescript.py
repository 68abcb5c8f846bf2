"""A caller in TypeScript compiles against types that are generated from the OpenAPI document."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).with_name("check")


@pytest.mark.slow
@pytest.mark.needs_program("npm")
def test_a_caller_in_typescript_compiles() -> None:
    """A field that is gone, or one that is newly required, would be an error of the compiler."""
    checked = subprocess.run([CHECK], capture_output=True, text=True, timeout=150, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
