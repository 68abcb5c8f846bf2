"""Submits receipts to a system, and waits until all have ended."""

import base64
from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.bench.figures import NotMeasured
from tests.bench.running.system import TENANT, System
from tests.support.waiting import wait_until


def receipt_body(image: bytes) -> dict[str, object]:
    """Return the body of a request that makes a job of a receipt."""
    return {
        "tenant_id": TENANT,
        "feature": "receipt_extraction",
        "payload": {"image_base64": base64.b64encode(image).decode()},
    }


async def submit_receipts(system: System, files: Sequence[Path]) -> None:
    """Submit each image as a job of its own."""
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as http:
        for file in files:
            body = receipt_body(file.read_bytes())
            (await http.post("/api/v1/jobs", json=body)).raise_for_status()


async def read_receipts(system: System, files: Sequence[Path], within: float = 600) -> float:
    """Have all images read, and return the seconds from the first submission to the last end.

    Raises NotMeasured if a job failed.
    """
    async with system.database() as database:
        begin = await database.fetchval("SELECT clock_timestamp()")
        await submit_receipts(system, files)
        ended = """SELECT count(*) FROM jobs WHERE queue = 'receipts' AND created_at >= $1
                   AND state NOT IN ('queued', 'running')"""

        async def all_ended() -> bool:
            return bool(await database.fetchval(ended, begin) >= len(files))

        await wait_until(all_ended, "the receipts were read", within=within, pause=0.1)
        row = await database.fetchrow(
            """SELECT extract(epoch FROM max(finished_at) - $1)::float AS seconds,
                      max(error::text) AS error
               FROM jobs WHERE queue = 'receipts' AND created_at >= $1""",
            begin,
        )
        if row["error"]:
            raise NotMeasured(f"a receipt was not read: {row['error'][:1000]}")
        return float(row["seconds"])
