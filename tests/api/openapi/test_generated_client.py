"""The client that openapi-python-client generates from the document is complete, and works."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml

from tests.api.openapi.test_openapi import CALLS, SNAPSHOT
from tests.support.runners import ITEM

NAME = "generated_client"
# The generator knows files, but not the media types of images.
IMAGES_ARE_FILES = dict.fromkeys(
    ("image/jpeg", "image/png", "image/webp"), "application/octet-stream"
)
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package, which is generated without a warning."""
    folder = tmp_path_factory.mktemp("generated") / NAME
    config = folder.with_suffix(".yaml")
    config.write_text(yaml.safe_dump({"content_type_overrides": IMAGES_ARE_FILES}))
    _run(
        BIN / "openapi-python-client",
        *("generate", "--path", SNAPSHOT, "--output-path", folder, "--config", config),
        *("--meta", "none", "--fail-on-warning"),
    )
    return folder


def test_the_client_has_every_call_and_is_well_typed(generated: Path) -> None:
    """The generator leaves out what it does not understand, and mypy finds what does not fit."""
    modules = {path.stem for path in generated.glob("api/*/*.py")} - {"__init__"}

    assert {name.replace("_", "") for name in modules} == {name.lower() for name in CALLS}
    # client.py is the same for every document, and has mistakes of its own.
    _run(
        *(BIN / "mypy", "--strict", "--follow-imports=silent", "--config-file="),
        *(f"--cache-dir={os.devnull}", generated / "api", generated / "models"),
    )


async def test_the_client_submits_a_job_and_reads_it(
    generated: Path, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers become models, and so does a problem document."""
    monkeypatch.syspath_prepend(generated.parent)
    client = _module("client").Client("http://localhost").set_async_httpx_client(http)
    models = _module("models")
    payload = models.CategorizePayload.from_dict(ITEM)
    body = models.CategorizeRequest(tenant_id="tenant", payload=payload)
    submit, get = _module("api.jobs.submit_job"), _module("api.jobs.get_job")

    submitted = await submit.asyncio(client=client, body=body)
    job = await get.asyncio(submitted.id, client=client, x_tenant_id="tenant")
    problem = await get.asyncio(UUID(int=0), client=client, x_tenant_id="tenant")

    assert (job.id, job.status) == (submitted.id, "queued")
    assert job.input_payload.to_dict() == ITEM
    assert (problem.status, problem.error) == (404, "job_not_found")


def _module(name: str) -> Any:
    return import_module(f"{NAME}.{name}")


def _run(*command: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    ran = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
