"""`grocery-ai submit --batch`: jobs as JSON lines, many in each call, and results as JSON lines."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from shared.contracts.batches import MAX_JOBS, EntryRefusal
from shared.contracts.jobs import JobError, JobView
from shared.errors import ServiceError
from shared.rejections import Exposed, InvalidRequest, MalformedBody, Unauthenticated
from worker.cli.options import print_json, print_line
from worker.cli.remote.service import any_failed
from worker.cli.stderr import print_error, stderr

if TYPE_CHECKING:
    from shared.client import ServiceClient
    from shared.client.calls.options import Entry

T = TypeVar("T")

# How many jobs are read by one call, and therefore awaited together.
_AWAITED = 100


@dataclass(frozen=True)
class Line:
    """A line that is not blank: its number, from 1, and its job or why it has none."""

    number: int
    result: JobView | ServiceError


@dataclass(frozen=True)
class Results:
    """How results are shown: the ids alone, one document, or a document per line.

    `within`: for how many seconds to wait for a job, or None to show the jobs as they are accepted.
    """

    quiet: bool
    as_json: bool
    within: float | None


def submit_batch(
    service: "ServiceClient", text: Iterable[bytes], results: Results, callback: str | None
) -> bool:
    """Submit the jobs of a text, show what became of each line, and return whether all is well.

    `callback` is the URL of every job that names none.
    """
    lines = _submitted_lines(service, text, callback, quiet=results.quiet)
    if results.within is not None:
        # Everything is submitted before anything is waited for.
        lines = _awaited(service, list(lines), results.within)
    shown: list[Line] = []
    for line in lines:
        shown.append(line)
        if not (results.quiet or results.as_json):
            print_line(json.dumps(_row(line), ensure_ascii=False))
    if results.as_json:
        print_json([_row(line) for line in shown])
    jobs = _jobs(shown)
    late = results.within is not None and not all(job.status.finished for job in jobs)
    return len(jobs) == len(shown) and not late and not any_failed(jobs)


def _submitted_lines(
    service: "ServiceClient", text: Iterable[bytes], callback: str | None, *, quiet: bool
) -> Iterator[Line]:
    """Submit as many lines at a time as go in one call, report each refusal, and yield them.

    If the service is away, has no room for more jobs, or takes nothing from this caller, the lines
    after that are neither submitted nor yielded.
    """
    for part in _parts(enumerate(text, start=1), MAX_JOBS):
        with stderr().status(f"Submitting lines {part[0][0]} to {part[-1][0]}"):
            found = _submitted(service, part, callback)
        _report(found)
        if quiet:
            for job in _jobs(found):
                print_line(str(job.id))
        yield from found
        if any(_stops(line.result) for line in found):
            stderr().print(f"Lines after {part[-1][0]}, if there are any, were not submitted.")
            return


def _stops(result: JobView | ServiceError) -> bool:
    """Whether what became of a line will become of all after it."""
    from shared.client.retries import will_pass

    refused = isinstance(result, Unauthenticated | Exposed)
    return refused or (isinstance(result, ServiceError) and will_pass(result))


def _awaited(service: "ServiceClient", lines: Sequence[Line], within: float) -> Iterator[Line]:
    """Yield the lines in their order, once their jobs have ended, or as they are when time is up.

    Jobs that are late are reported as one line for each hundred.
    """
    for part in _parts(lines, _AWAITED):
        numbers = f"{part[0].number} to {part[-1].number}"
        with stderr().status(f"Waiting for the jobs of lines {numbers}"):
            seen = _ended(service, [job.id for job in _jobs(part)], within)
        for line in part:
            job = line.result
            latest = seen.get(job.id, job) if isinstance(job, JobView) else job
            yield replace(line, result=latest)


def _jobs(lines: Iterable[Line]) -> list[JobView]:
    return [line.result for line in lines if isinstance(line.result, JobView)]


def _submitted(
    service: "ServiceClient", part: Sequence[tuple[int, bytes]], callback: str | None
) -> list[Line]:
    read = {number: _entry(line, callback) for number, line in part if line.strip()}
    entries = {number: entry for number, entry in read.items() if isinstance(entry, dict)}
    results = service.submit_many(cast("Iterable[Entry]", entries.values()))
    submitted = dict(zip(entries, results, strict=True))
    return [
        Line(number, entry if isinstance(entry, ServiceError) else submitted[number])
        for number, entry in read.items()
    ]


def _entry(line: bytes, callback: str | None) -> dict[str, Any] | ServiceError:
    """Return the job that a line describes, or why it describes none."""
    try:
        entry = json.loads(line, parse_constant=_no_number)
        # JSON can escape half a character, which cannot be sent.
        json.dumps(entry, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return MalformedBody(f"This is not JSON: {error}")
    if not isinstance(entry, dict):
        return InvalidRequest("A job is an object with `feature` and `payload`.")
    if callback and entry.get("callback") is None:
        entry["callback"] = {"url": callback}
    return entry


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _ended(service: "ServiceClient", job_ids: Sequence[Any], within: float) -> dict[Any, JobView]:
    from shared.client.errors import NotDoneInTime

    try:
        page = service.wait_many(job_ids, within)
    except NotDoneInTime:
        page = service.get_many(job_ids)
        late = [str(job.id) for job in page.jobs if not job.status.finished]
        if late:
            print_error(
                NotDoneInTime(
                    f"{len(late)} of {len(job_ids)} jobs have not ended within {within:g} s, and "
                    f"continue: {', '.join(late)}"
                )
            )
    return {job.id: job for job in page.jobs}


def _report(lines: Iterable[Line]) -> None:
    """Print each refusal once for all lines in a row that have it."""
    for _, same in groupby(lines, key=_refusal):
        first, *others = same
        if isinstance(first.result, ServiceError):
            last = others[-1].number if others else first.number
            about = f"lines {first.number}-{last}" if others else f"line {first.number}"
            print_error(first.result, about)


def _refusal(line: Line) -> tuple[str, str] | None:
    error = line.result
    return (error.code, error.detail) if isinstance(error, ServiceError) else None


def _row(line: Line) -> dict[str, Any]:
    """Return what is printed: either the job or the error is null."""
    if isinstance(line.result, JobView):
        return {"line": line.number, "job": line.result.model_dump(mode="json"), "error": None}
    known = JobError.of(line.result).model_dump()
    refusal = EntryRefusal(**known, retry_after=line.result.retry_after)
    return {"line": line.number, "job": None, "error": refusal.model_dump(mode="json")}


def _parts(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
