"""Submits receipts to be read while things break."""

import asyncio
import base64

import httpx

from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from tests.chaos.cluster import Cluster


async def submit_receipts(system: Cluster, count: int) -> None:
    """Submit receipts that each name another merchant, so that no two are the same work."""
    async with httpx.AsyncClient(base_url=system.url, timeout=15) as http:
        limit = asyncio.Semaphore(1)
        for number in range(count):
            image = encode(draw_receipt(DrawnReceipt(merchant=f"SHOP {number}")))
            payload = {"image_base64": base64.b64encode(image).decode()}
            body = {"tenant_id": "chaos", "feature": "receipt_extraction", "payload": payload}
            await system.send(http, body, limit)
