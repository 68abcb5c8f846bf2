"""Submits jobs while things break, and counts what became of those that were accepted."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import httpx

from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from tests.containers.commands import Failed, wait_for
from tests.containers.run import FRONT

TENANT = "containers"
_LABELS = ["Dairy", "Produce", "Bakery"]


def item(name: str) -> dict[str, object]:
    """Return the body that submits a job for an item."""
    payload = {"item_name": name, "candidate_labels": _LABELS}
    return {"tenant_id": TENANT, "feature": "categorization", "payload": payload}


def receipt(merchant: str) -> dict[str, object]:
    """Return the body that submits a receipt; another merchant makes it another work."""
    image = encode(draw_receipt(DrawnReceipt(merchant=merchant)))
    payload = {"image_base64": b64encode(image).decode()}
    return {"tenant_id": TENANT, "feature": "receipt_extraction", "payload": payload}


class Jobs:
    """The jobs that a front has accepted."""

    def __init__(self, http: httpx.Client) -> None:
        """`http` has the front's address, and the token if it needs one."""
        self._http = http
        self.accepted: list[str] = []

    def submit(self, body: dict[str, object]) -> bool:
        """Submit a job; return whether it was accepted. A refusal is no loss."""
        try:
            answer = self._http.post("/api/v1/jobs", json={"request_id": str(uuid4()), **body})
        except httpx.TransportError:
            return False
        if answer.status_code != 202:
            return False
        self.accepted.append(answer.json()["id"])
        return True

    def all_succeeded(self, within: float = 120) -> str:
        """Wait until every accepted job has ended; return their number for the table.

        Raises Failed if one did not succeed.
        """
        if not self.accepted:
            raise Failed("no job was accepted")
        states: dict[str, str] = {}

        def ended() -> bool:
            for job in [job for job in self.accepted if job not in states]:
                state = self.state(job)
                if state in {"succeeded", "failed", "cancelled", "missing"}:
                    states[job] = state
            return len(states) == len(self.accepted)

        wait_for(ended, f"{len(self.accepted)} jobs had ended", within)
        lost = [f"{job} {state}" for job, state in states.items() if state != "succeeded"]
        if lost:
            raise Failed(f"lost {len(lost)} of {len(states)} jobs: {', '.join(lost[:3])}")
        return f"{len(states)} jobs, lost 0"

    def state(self, job: str) -> str:
        """Return the state of a job, `missing` if nobody knows it, `unknown` if nobody answers."""
        try:
            answer = self._http.get(f"/api/v1/jobs/{job}", headers={"X-Tenant-ID": TENANT})
        except httpx.TransportError:
            return "unknown"
        if answer.status_code == 404:
            return "missing"
        return str(answer.json().get("status", "unknown")) if answer.is_success else "unknown"


@contextmanager
def front(url: str = FRONT, token: str | None = None) -> Iterator[Jobs]:
    """Yield the jobs of a front."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, headers=headers, timeout=15) as http:
        yield Jobs(http)


@contextmanager
def load(jobs: Jobs) -> Iterator[None]:
    """Submit items, and now and then a receipt, during the block."""
    ending = threading.Event()

    def submit() -> None:
        for number in count():
            if ending.wait(0.05):
                return
            jobs.submit(item(f"Item {uuid4().hex[:8]}"))
            if number % 20 == 0:
                jobs.submit(receipt(f"SHOP {number}"))

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
