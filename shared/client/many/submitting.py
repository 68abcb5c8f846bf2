"""Submitting many jobs: cuts the entries into calls, and repeats what may succeed in a moment."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from uuid import uuid4

from shared.client.calls.options import Entry, ManySubmission, split
from shared.client.errors import UnexpectedAnswer
from shared.client.http import Call, service_error
from shared.client.retries import Policy, Retries, will_pass
from shared.contracts.batches import MAX_JOBS, EntryRefusal, EntryResult, JobBatch
from shared.contracts.jobs import JobView
from shared.errors import ServiceError

# Bytes of the entries of one call. The service takes bodies of up to 6 MB.
_MOST_BYTES = 5_000_000

Result = JobView | ServiceError


class Submission:
    """One submission of many jobs, over as many calls as that takes.

    Raises TypeError or ValueError for entries that have no form in JSON, before anything is sent.
    """

    def __init__(self, entries: Iterable[Entry], retries: Retries, options: ManySubmission) -> None:
        given = dict(options)
        key = cast(str | None, given.pop("idempotency_key", None))
        self._common, self._headers = split(given)
        self._entries = [_keyed(entry, key, index) for index, entry in enumerate(entries)]
        self._parts = [*_cut([*map(_size, self._entries)])]
        self._retries = retries
        self._results: dict[int, Result] = {}
        self._stopped: ServiceError | None = None

    def parts(self) -> Iterator["Part"]:
        """Yield each part that is to be sent, one after the other.

        After a failure that may pass, and that lasted longer than the retries, no other is sent.
        """
        for indexes in self._parts:
            part = Part(self, indexes, self._retries)
            if self._stopped:
                part.fail(self._stopped)
            else:
                yield part

    def results(self) -> list[Result]:
        """Return what became of each entry, in their order."""
        return [self._results[index] for index in range(len(self._entries))]

    def call(self, indexes: Sequence[int]) -> Call[JobBatch]:
        """Build the call that submits the entries at these indexes."""
        body = {**self._common, "jobs": [self._entries[index] for index in indexes]}
        return Call("POST", "/api/v1/jobs/batch", JobBatch, json=body, headers=self._headers)

    def note(self, index: int, result: Result) -> None:
        """Keep what became of an entry."""
        self._results[index] = result

    def stop(self, error: ServiceError) -> None:
        """Send nothing more, since a failure lasts."""
        self._stopped = error


class Part(Policy[JobBatch]):
    """The entries that go in one call, and the policy that decides which of them to send again."""

    def __init__(self, submission: Submission, indexes: Sequence[int], retries: Retries) -> None:
        self._submission = submission
        self._waiting = list(indexes)
        self._repeats = retries.policy(self.call())

    def call(self) -> Call[JobBatch]:
        """Build the call for the entries that have no job yet but may get one."""
        return self._submission.call(self._waiting)

    def pause_after(self, seen: JobBatch | ServiceError) -> float | None:
        """Keep the results, and send again what was refused for a moment, such as by a full queue.

        The limits of repeats are those of any other call. Raises UnexpectedAnswer if the answer has
        not one result for each entry.
        """
        error = seen if isinstance(seen, ServiceError) else self._keep(seen.results)
        if error is None:
            return None
        seconds = self._repeats.pause_after(error)
        if seconds is None and will_pass(error):
            self._submission.stop(error)
        return seconds

    def fail(self, error: ServiceError) -> None:
        """Keep an error as the result of every entry that has no job."""
        for index in self._waiting:
            self._submission.note(index, error)

    def _keep(self, results: Sequence[EntryResult]) -> ServiceError | None:
        """Keep the results, and return the refusal to be waited out longest if any may pass."""
        if [result.index for result in results] != [*range(len(self._waiting))]:
            raise UnexpectedAnswer("The answer has not one result for each entry, in their order.")
        passing: dict[int, ServiceError] = {}
        for index, answered in zip(self._waiting, results, strict=True):
            result = _result(answered)
            self._submission.note(index, result)
            if isinstance(result, ServiceError) and will_pass(result):
                passing[index] = result
        self._waiting = list(passing)
        return max(passing.values(), key=lambda error: error.retry_after or 0, default=None)


def _result(answered: EntryResult) -> Result:
    if answered.job is not None:
        return answered.job
    refusal: EntryRefusal | None = answered.error
    if refusal is None:
        raise UnexpectedAnswer("The answer has an entry with neither a job nor an error.")
    error = service_error(refusal.code, refusal.error_class, refusal.detail)
    error.retry_after = refusal.retry_after
    return error


def _keyed(entry: Entry, key: str | None, index: int) -> dict[str, Any]:
    """Return what is sent of an entry, with a key by which a repeat finds the same job."""
    fields: dict[str, Any] = {name: value for name, value in entry.items() if value is not None}
    if "idempotency_key" in fields:
        return fields
    if key:
        return {**fields, "idempotency_key": f"{key}:{index}"}
    return fields if fields.get("request_id") else {**fields, "idempotency_key": str(uuid4())}


def _size(entry: Mapping[str, Any]) -> int:
    """Return a number of bytes that the entry does not exceed in the body."""
    return len(json.dumps(entry, ensure_ascii=False, allow_nan=False).encode())


def _cut(sizes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the indexes of the entries that go together."""
    part: list[int] = []
    total = 0
    for index, size in enumerate(sizes):
        if part and (len(part) == MAX_JOBS or total + size > _MOST_BYTES):
            yield part
            part, total = [], 0
        part.append(index)
        total += size
    if part:
        yield part
