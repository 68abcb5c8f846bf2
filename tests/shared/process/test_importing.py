"""What a process says whose program cannot be imported."""

import json
import os
import subprocess
import sys

import pytest

from shared.local.checkout import ROOT

pytestmark = pytest.mark.slow

CODE = """
from shared.process.garbage import importing
with importing():
    import a_module_that_does_not_exist
"""


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_failed_import_is_a_line_of_the_log(style: str) -> None:
    """A typing error ends a reloaded process so. People read Python's own traceback."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env={**os.environ, "LOG_FORMAT": style},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    if style == "console":
        assert done.stderr.startswith("Traceback")
        return
    (line,) = map(json.loads, done.stdout.splitlines())
    assert done.stderr == ""
    assert (line["level"], line["message"]) == ("critical", "process.failed")
    assert "a_module_that_does_not_exist" in line["exception"]
