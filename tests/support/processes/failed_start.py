"""Runs a front or a worker whose start fails."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from shared.local.checkout import ROOT
from shared.local.processes import free_port
from shared.settings import Settings


async def failed_start(
    program: str, settings: Settings, env: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Run `api` or `worker` until it ends by itself with exit code 1; return its log lines.

    Raises JSONDecodeError if a line on stdout or stderr is not JSON.
    """
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", program],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "QUEUE_NAMESPACE": settings.queue_namespace,
            "PORT": str(free_port()),
            "WORKER_PORT": "0",
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]
