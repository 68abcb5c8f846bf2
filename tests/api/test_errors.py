"""Errors as callers see them: statuses, codes, and the errors of jobs."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from api.errors import STATUS_BY_CLASS, STATUS_BY_CODE, status_of
from shared import errors, rejections
from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass, ServiceError
from shared.settings import Settings
from tests.support.fronts import front_client, front_http, nowhere
from tests.support.runners import ITEM, LABELS, Gate, raising, worker_with

# The answer of a waiting call for each error of its job. The Elixir client acts on these.
ANSWERS = [
    pytest.param(rejections.NoTextFound(), 422, "no_text_found", False, id="bad_input"),
    pytest.param(errors.BrokerUnavailable(), 500, "broker_unavailable", True, id="transient"),
    pytest.param(errors.TimedOut(), 504, "timeout", True, id="timeout"),
    pytest.param(errors.RecognitionCrashed(), 500, "recognition_crashed", True, id="crashed"),
    pytest.param(errors.Cancelled(), 409, "cancelled", False, id="cancelled"),
    pytest.param(ZeroDivisionError("secret"), 500, "internal_error", True, id="bug"),
]


@pytest.mark.parametrize(("error", "status", "code", "retryable"), ANSWERS)
async def test_a_waiting_call_answers_with_the_class_of_its_jobs_error(
    client: AsyncServiceClient,
    settings: Settings,
    error: Exception,
    status: int,
    code: str,
    retryable: bool,
) -> None:
    """The text of an unforeseen exception is never in an answer."""
    async with worker_with(settings, raising(error)):
        with pytest.raises(ServiceError) as refused:
            await client.categorize("Milk", LABELS)

    problem = refused.value.problem
    assert (problem["status"], problem["error"]) == (status, code)
    assert problem["retryable"] is retryable
    assert "secret" not in str(problem)


async def test_a_waiting_call_answers_with_what_its_job_waits_for(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """A job whose engine is missing is put back, and no attempt is spent."""
    impatient_settings = settings.model_copy(update={"answer_timeout": 0.5})
    missing = raising(errors.EngineUnavailable("Install it."))
    async with worker_with(settings, missing), front_client(impatient_settings) as impatient:
        with pytest.raises(errors.EngineUnavailable) as refused:
            await impatient.categorize("Milk", LABELS)
        (job,) = (await client.jobs()).jobs

    problem = refused.value.problem
    assert (problem["status"], problem["error"]) == (503, "engine_unavailable")
    assert (job.status, job.attempts) == (JobStatus.QUEUED, [])
    assert job.error is not None
    assert job.error.detail == "Install it."


async def test_a_failed_job_stores_its_error(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The job and its attempt have the same error."""
    async with worker_with(settings, raising(rejections.NoTextFound())):
        with pytest.raises(rejections.NoTextFound):
            await client.categorize("Milk", LABELS)
    (job,) = (await client.jobs()).jobs

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == ("no_text_found", ErrorClass.BAD_INPUT)
    assert job.attempts[0].error == job.error


async def test_a_job_that_is_not_done_in_time_continues(
    settings: Settings, client: AsyncServiceClient
) -> None:
    """The answer is a 503 with Retry-After, and the same call finds the job again."""
    impatient_settings = settings.model_copy(update={"answer_timeout": 0.1})
    gate = Gate()
    async with worker_with(settings, gate), front_client(impatient_settings) as impatient:
        with pytest.raises(errors.StillRunning) as refused:
            await impatient.categorize("Milk", LABELS)
        gate.opened.set()
        answer = await client.categorize("Milk", LABELS)

    assert (refused.value.problem["status"], refused.value.code) == (503, "still_running")
    assert refused.value.retry_after == 2
    assert answer.metadata.replayed
    assert gate.runs == 1


async def test_reads_are_repeated_soon(settings: Settings, behind: str) -> None:
    """A client that repeats a GET three times by itself is not held up for long."""
    old = settings.model_copy(update={"database_url": SecretStr(behind)})
    away = settings.model_copy(update={"database_url": nowhere("postgresql")})

    assert await _retry_after(old) == {"POST": 30, "GET": 2}
    assert await _retry_after(away) == {"POST": 1, "GET": 1}


async def test_a_refusal_reaches_callers_that_use_httpc(settings: Settings) -> None:
    """Erlang's `httpc` repeats a 503 by itself, endlessly, if Retry-After has one or two digits."""
    away = settings.model_copy(update={"database_url": nowhere("postgresql")})
    async with front_http(away) as http:
        answer = await http.get("/api/v1/jobs", params={"tenant_id": "t"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "001"


async def _retry_after(settings: Settings) -> dict[str, int]:
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    async with front_http(settings) as http:
        answers = [
            await http.post("/api/v1/jobs", json=body),
            await http.get("/api/v1/jobs", params={"tenant_id": "t"}),
        ]
    assert {answer.status_code for answer in answers} == {503}
    return {answer.request.method: int(answer.headers["Retry-After"]) for answer in answers}


def test_every_class_has_a_status() -> None:
    """A class without a status would only be noticed in production."""
    assert set(STATUS_BY_CLASS) == set(ErrorClass)


def test_every_leaf_of_the_tree_answers_with_an_error_status() -> None:
    """Codes are also unique, and STATUS_BY_CODE has none that does not exist."""
    leaves = list(_leaves(ServiceError))
    codes = [leaf.code for leaf in leaves]

    assert len(codes) == len(set(codes))
    assert set(STATUS_BY_CODE) <= set(codes)
    assert all(status_of(leaf.code, leaf.error_class) >= 400 for leaf in leaves)
    assert all(leaf.detail.endswith(".") for leaf in leaves)


def _leaves(error: type[ServiceError]) -> Iterator[type[ServiceError]]:
    children = error.__subclasses__()
    if error is not ServiceError and "code" in vars(error):
        yield error
    for child in children:
        yield from _leaves(child)
