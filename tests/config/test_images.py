"""Images can be pinned by digest, and a container knows whether its process lives."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.local.checkout import ROOT
from shared.local.processes import free_port
from tests.support.scripted_server import Reply, scripted

pytestmark = pytest.mark.slow

FILES = (
    *("config/Dockerfile", "docker-compose.yml", "docker-compose.observability.yml"),
    "config/collector/deployment.yaml",
)
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the files with images, and a `docker` that knows one digest for all of them.

    The images of a release are pinned; those of the copy are not.
    """
    for name in (*FILES, "bin/pin-images"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in FILES:
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(re.sub(r"@sha256:[0-9a-f]{64}", "", text))
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$4" != broken:1 ] && echo {DIGEST}\n')
    docker.chmod(0o755)
    return tmp_path


def pin(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run bin/pin-images there."""
    return subprocess.run(
        [checkout / "bin/pin-images", *arguments],
        env={**os.environ, "PATH": f"{checkout}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_image_is_pinned_once(checkout: Path) -> None:
    """What is built here stays as it is, and a second run changes nothing."""
    assert pin(checkout, "--check").returncode == 1
    assert f"postgres:16.9@{DIGEST}" in pin(checkout).stdout.splitlines()
    pinned = {name: (checkout / name).read_text() for name in FILES}

    assert pin(checkout, "--check").returncode == 0
    assert pin(checkout).stdout == ""
    assert {name: (checkout / name).read_text() for name in FILES} == pinned
    assert f"FROM python:3.11-slim-bookworm@{DIGEST} AS base" in pinned["config/Dockerfile"]
    assert "FROM image AS production" in pinned["config/Dockerfile"]
    assert "image: grocery-planner-ai:development\n" in pinned["docker-compose.yml"]


def test_an_image_without_a_digest_stops_it(checkout: Path) -> None:
    """Half a pinned file would look like a whole one."""
    (checkout / FILES[2]).write_text("services:\n  a:\n    image: broken:1\n")

    assert pin(checkout).returncode != 0


def healthcheck(**env: str) -> subprocess.CompletedProcess[str]:
    """Run the health check of the image."""
    return subprocess.run(
        [sys.executable, ROOT / "config/healthcheck.py"],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_a_container_is_healthy_while_its_front_or_worker_lives() -> None:
    """One of the two ports answers; a container has no other."""
    nothing = str(free_port())
    async with scripted(Reply()) as script:
        answering = str(urlsplit(script.url).port)
        for ports in ((answering, nothing), (nothing, answering)):
            done = await asyncio.to_thread(healthcheck, PORT=ports[0], WORKER_PORT=ports[1])
            assert done.returncode == 0, done.stderr
        assert {seen.path for seen in script.seen} == {"/health/live"}
    async with scripted(Reply(503)) as script:
        answering = str(urlsplit(script.url).port)
        done = await asyncio.to_thread(healthcheck, PORT=answering, WORKER_PORT=nothing)

    assert done.returncode == 1
    assert answering in done.stderr


async def test_the_address_that_the_process_listens_on_is_asked() -> None:
    """The address need not be loopback, which is asked only if it listens everywhere."""
    async with scripted(Reply()) as script:
        port = str(urlsplit(script.url).port)
        ports = {"PORT": port, "WORKER_PORT": port, "http_proxy": "http://127.0.0.1:1"}
        everywhere = await asyncio.to_thread(healthcheck, HOST="0.0.0.0", **ports)
        elsewhere = await asyncio.to_thread(healthcheck, HOST="127.0.0.9", **ports)

    assert everywhere.returncode == 0, everywhere.stderr
    assert elsewhere.returncode == 1
    assert "127.0.0.9" in elsewhere.stderr
