"""The tokenizer beside the code is the file that its README names, and every wheel has it."""

import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

PACKAGES = ("api", "shared", "worker")
FOLDER = ROOT / "worker/pipeline/meaning/models/all_minilm_l6_v2"


def test_the_file_is_the_one_that_the_readme_names() -> None:
    """Another file would give other vectors under the same `model_version`."""
    readme = (FOLDER / "README.md").read_text()

    found = sha256((FOLDER / "tokenizer.json").read_bytes()).hexdigest()
    assert re.findall("`([0-9a-f]{64})`", readme) == [found]


@pytest.mark.slow
def test_a_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """The tokenizer, its licence and the knowledge files are in the wheel."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())

    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()]
    read = {str(path.relative_to(ROOT)) for path in files if path.parent.name != "__pycache__"}
    assert str(FOLDER.relative_to(ROOT) / "tokenizer.json") in read
    assert read <= packed
    # The licence is also where tools look for licences.
    licence = FOLDER.relative_to(ROOT) / "LICENSE"
    assert any(name.endswith(f".dist-info/licenses/{licence}") for name in packed)
