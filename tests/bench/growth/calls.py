"""The calls of a front whose cost might depend on how many rows there are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.bench.loader.http import Answer, Connection
from tests.bench.running.system import System
from tests.support.postgres.many_jobs import LARGEST

_JOBS = "/api/v1/jobs"
_STATES = ("queued", "running", "succeeded", "failed", "cancelled")
_FEATURES = ("receipt_extraction", "categorization", "categorization_batch", "embedding")
# Jobs that are read, or submitted, in a call.
_TOGETHER = 20
# A front reads its gauges at most once a second.
_BETWEEN_READINGS = 1.05


@dataclass(frozen=True)
class Call:
    """A call: GET `path`, or POST with as many new `jobs`. `pause` in seconds comes before."""

    name: str
    path: str
    pause: float = 0
    jobs: int = 0

    async def make(self, connection: Connection) -> Answer:
        """Make the call. Raises RuntimeError if the front does not answer with success."""
        if self.jobs == 1:
            key = f"Idempotency-Key: {uuid4().hex}\r\n"
            answer = await connection.post(self.path, _body(**_job()), key)
        elif self.jobs:
            jobs = [{**_job(), "idempotency_key": uuid4().hex} for _ in range(self.jobs)]
            answer = await connection.post(self.path, _body(jobs=jobs))
        else:
            answer = await connection.get(self.path)
        if answer.status not in (200, 202):
            raise RuntimeError(f"{self.name}: {answer.status} {answer.body[:500]!r}")
        return answer


def _job() -> dict[str, object]:
    payload = {"item_name": f"item {uuid4().hex}", "candidate_labels": ["Dairy"]}
    return {"feature": "categorization", "payload": payload}


def _body(**fields: object) -> bytes:
    return json.dumps({"tenant_id": LARGEST, **fields}).encode()


async def calls_of(
    system: System, connection: Connection, limits: Mapping[str, int]
) -> Sequence[Call]:
    """Return the calls for the jobs of a system. Lists have as many jobs as `limits` says."""
    async with system.database() as database:
        rows = await database.fetch(
            """SELECT id FROM jobs WHERE tenant_id = $1 AND state = 'succeeded'
               ORDER BY created_at DESC LIMIT $2""",
            LARGEST,
            _TOGETHER,
        )
    ids = [str(row["id"]) for row in rows]
    first = json.loads((await connection.get(f"{_JOBS}?limit=10")).body)
    return [
        Call("a job", f"{_JOBS}/{ids[0]}"),
        Call(f"{_TOGETHER} jobs by id", f"{_JOBS}?ids={','.join(ids)}"),
        Call("the second page of a list", f"{_JOBS}?limit=10&cursor={first['next_cursor']}"),
        *(
            Call(name, f"{_JOBS}?{query}&limit={limits.get(name, 50)}")
            for name, query in lists().items()
        ),
        Call("the callbacks of a job", f"{_JOBS}/{ids[0]}/callbacks"),
        Call("the queues", "/api/v1/queues", pause=_BETWEEN_READINGS),
        Call("metrics", "/metrics", pause=_BETWEEN_READINGS),
        Call("readiness", "/health/ready", pause=_BETWEEN_READINGS),
        Call("a submission", _JOBS, jobs=1),
        Call(f"a batch of {_TOGETHER}", f"{_JOBS}/batch", jobs=_TOGETHER),
    ]


def lists() -> dict[str, str]:
    """Return the queries of the lists by name, without their limits."""
    # Days: half of the rows of every tenant are newer.
    since = (datetime.now(UTC) - timedelta(days=15)).isoformat(timespec="seconds")
    since = since.replace("+00:00", "Z")
    return {
        "a list": "",
        **{f"a list, {state}": f"status={state}" for state in _STATES},
        **{f"a list, {feature}": f"feature={feature}" for feature in _FEATURES},
        "a list since a time": f"since={since}",
        "a list, failed receipts": "status=failed&feature=receipt_extraction",
        "a list, failed since a time": f"status=failed&since={since}",
    }
