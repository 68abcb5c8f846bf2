"""Runs a part of a measurement as a process of its own, which gets an order and prints a result."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from shared.local.checkout import ROOT
from shared.process.parent_death import dying_with_parent
from tests.bench.figures import NotMeasured


async def ask(module: str, order: Mapping[str, object]) -> dict[str, Any]:
    """Run a module with an order as JSON on stdin; return the JSON that it prints.

    Raises NotMeasured, with the end of what it wrote to stderr, if it fails.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        preexec_fn=dying_with_parent(signal.SIGTERM),
    )
    try:
        out, errors = await process.communicate(json.dumps(order).encode())
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode != 0:
        raise NotMeasured(f"{module} failed: {errors.decode(errors='replace')[-2000:]}")
    result: dict[str, Any] = json.loads(out)
    return result
