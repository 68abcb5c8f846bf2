"""The distribution of the client: built, and used in a project with a folder `shared` of its own.

`.ci/package` installs it into an environment of its own. Here the libraries are those of `.venv`,
through a folder that has nothing but what the distribution declares.
"""

import ast
import asyncio
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from shared.contracts.service.health import Liveness
from shared.local.checkout import ROOT
from tests.support.scripted_server import ok, scripted

SOURCE = ROOT / "clients/python"
PROJECT = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the distribution, installed as pip does it, and nothing else."""
    folder = tmp_path_factory.mktemp("distribution")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=SOURCE, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the distribution and its pytest extra need, and nothing else."""
    folder = tmp_path_factory.mktemp("libraries")
    extra = PROJECT["optional-dependencies"]["pytest"]
    for needed in _needed([*PROJECT["dependencies"], *extra], set()):
        for name in {file.parts[0] for file in needed.files or () if file.parts[0] != ".."}:
            target = folder / name
            if name != "__pycache__" and not target.exists():
                target.symlink_to(Path(str(needed.locate_file(name))))
    return folder


def _needed(requirements: list[str], seen: set[str]) -> Iterator[Distribution]:
    """Yield the distributions that the requirements need here, each once."""
    for requirement in map(Requirement, requirements):
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and requirement.name not in seen:
            seen.add(requirement.name)
            found = distribution(requirement.name)
            yield found
            yield from _needed(found.requires or [], seen)


def test_it_has_one_name_and_is_typed(installed: Path) -> None:
    """Everything lies below `grocery_planner_ai`, and nothing refers to the service's own name."""
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    texts = {path: path.read_text() for path in (installed / "grocery_planner_ai").rglob("*.py")}

    assert names == {"grocery_planner_ai"}
    assert (installed / "grocery_planner_ai/py.typed").exists()
    assert [path for path, text in texts.items() if "shared." in text or "shared/" in text] == []
    assert "class RichReceipt" in texts[installed / "grocery_planner_ai/contracts/receipts/rich.py"]


def test_it_declares_what_it_imports(installed: Path) -> None:
    """OpenTelemetry is optional, and pytest is an extra."""
    imported = {
        name.partition(".")[0]
        for path in (installed / "grocery_planner_ai").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imports(node)
    }
    declared = {Requirement(text).name.replace("-", "_") for text in PROJECT["dependencies"]}

    ours = {"grocery_planner_ai", "opentelemetry", "pytest"}
    assert imported - set(sys.stdlib_module_names) - ours == declared


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


async def test_it_works_beside_another_shared(
    installed: Path, libraries: Path, tmp_path: Path
) -> None:
    """A project with a package `shared` calls a service, without OpenTelemetry, in its own tests,
    which have the fixtures."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/__init__.py").write_text("OWN = True\n")
    (tmp_path / "test_project.py").write_text(
        "import asyncio, sys\n"
        "from grocery_planner_ai import AsyncServiceClient, BadInput, ServiceClient\n"
        "from grocery_planner_ai.contracts.receipts.rich import RichReceipt\n"
        "from shared import OWN\n"
        "async def alive(url):\n"
        "    async with AsyncServiceClient(url, 't') as client:\n"
        "        return (await client.live()).status\n"
        "def test_it(ai_client, await_job, drain_queues, assert_enqueued):\n"
        "    assert OWN and isinstance(ai_client, ServiceClient)\n"
        "    assert ai_client.live().status == asyncio.run(alive(ai_client.url)) == 'ok'\n"
        "    assert 'opentelemetry' not in sys.modules\n"
    )
    async with scripted(ok(Liveness(status="ok").model_dump())) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path),
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{installed}:{libraries}", "AI_SERVICE_URL": server.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert [seen.path for seen in server.seen] == ["/health/live", "/health/live"]


def test_a_run_of_pytest_without_calls_does_not_load_the_client(
    installed: Path, libraries: Path
) -> None:
    """The fixtures are registered in every run of pytest. The public names are there when used."""
    program = (
        "import sys, grocery_planner_ai.pytest_plugin\n"
        "assert not {'httpx', 'pydantic'}.intersection(sys.modules)\n"
        "import grocery_planner_ai\n"
        "assert all(getattr(grocery_planner_ai, name) for name in grocery_planner_ai.__all__)\n"
        "assert set(grocery_planner_ai.__all__) <= set(dir(grocery_planner_ai))\n"
        "assert not hasattr(grocery_planner_ai, 'Mistake')\n"
    )
    subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": f"{installed}:{libraries}"},
        check=True,
    )
