"""The code in the documentation runs, and its table of methods is complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.client import ServiceClient
from shared.local.checkout import ROOT
from tests.support.processes.running_system import System

PAGE = ROOT / "docs/client.md"
SNIPPETS = [
    (path, code)
    for path in (PAGE, ROOT / "README.md")
    for code in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL)
]


@pytest.mark.parametrize(("path", "code"), SNIPPETS, ids=lambda value: getattr(value, "name", ""))
def test_the_code_runs(
    system: System,
    receipt_png: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: Path,
    code: str,
) -> None:
    """Each snippet runs as a program in a folder with a receipt, and prints something."""
    (tmp_path / "receipt.jpg").write_bytes(receipt_png)
    monkeypatch.setenv("AI_SERVICE_URL", system.url)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), path
    assert done.stdout


def test_every_method_is_in_the_table() -> None:
    """The table also names nothing that is not a method."""
    table = PAGE.read_text().partition("## Methods")[2].partition("## Errors")[0]
    named = set(re.findall(r"`(\w+)\(", table.partition("Images are")[0]))
    others = {"close", "from_environment"}

    assert named == {name for name in vars(ServiceClient) if not name.startswith("_")} - others
