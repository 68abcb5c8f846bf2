"""What the clients raise: the service's own classes, and others for answers that are not its."""

from dataclasses import replace

import pytest

from shared import errors, rejections
from shared.client.errors import GatewayFailed, ServiceUnreachable, UnexpectedAnswer
from shared.errors import ErrorClass, ServiceError
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server, nowhere
from tests.support.runners import LABELS, raising, worker_with
from tests.support.scripted_server import Act, Reply, html, ok, problem, scripted

# The error of a job, with the class and `retry_after` that the caller of a waiting call catches.
ENDINGS = [
    pytest.param(rejections.NoTextFound(), rejections.NoTextFound, None, id="bad_input"),
    pytest.param(errors.BrokerUnavailable(), errors.BrokerUnavailable, None, id="transient"),
    pytest.param(errors.Unavailable(), errors.Unavailable, 5, id="unavailable"),
    pytest.param(errors.TimedOut(), errors.TimedOut, None, id="timeout"),
    pytest.param(errors.RecognitionCrashed(), errors.RecognitionCrashed, None, id="crashed"),
    pytest.param(errors.Cancelled(), errors.Cancelled, None, id="cancelled"),
    pytest.param(ZeroDivisionError("secret"), errors.Bug, None, id="bug"),
]


@pytest.mark.parametrize(("ending", "raised", "retry_after"), ENDINGS)
async def test_the_clients_raise_the_class_that_the_service_raised(
    settings: Settings,
    kind: Kind,
    ending: Exception,
    raised: type[ServiceError],
    retry_after: int | None,
) -> None:
    """All seven error classes, from a real front, with the whole problem document."""
    # The job that is unavailable is put back again and again, until the front stops waiting.
    impatient = settings.model_copy(update={"answer_timeout": 5})
    async with (
        worker_with(settings, raising(ending)),
        front_server(impatient) as url,
        open_client(kind, url, retries=0) as client,
    ):
        with pytest.raises(raised) as caught:
            await client.categorize("Milk", LABELS, request_id="r-1")

    error = caught.value
    assert type(error) is raised
    assert (error.code, error.retry_after) == (raised.code, retry_after)
    assert error.detail == str(error) == error.problem["detail"]
    assert error.problem["error_class"] == error.error_class
    assert error.problem["request_id"] == "r-1"


async def test_fields_that_do_not_fit_are_in_the_problem(settings: Settings, kind: Kind) -> None:
    """The exception has the whole document, including `fields`."""
    async with front_server(settings) as url, open_client(kind, url) as client:
        with pytest.raises(rejections.InvalidRequest) as caught:
            await client.categorize("Milk", [])

    (field,) = caught.value.problem["fields"]
    assert field["field"] == "payload.candidate_labels"


BASES = {
    ErrorClass.BAD_INPUT: errors.BadInput,
    ErrorClass.TRANSIENT: errors.Transient,
    ErrorClass.UNAVAILABLE: errors.Unavailable,
    ErrorClass.TIMEOUT: errors.TimedOut,
    ErrorClass.CRASHED: errors.Crashed,
    ErrorClass.CANCELLED: errors.Cancelled,
    ErrorClass.BUG: errors.Bug,
}


@pytest.mark.parametrize("error_class", ErrorClass)
async def test_an_unknown_code_is_raised_as_its_error_class(
    kind: Kind, error_class: ErrorClass
) -> None:
    """A service may be newer than the client. The code is kept."""
    async with (
        scripted(problem(503, error_class, "brand_new", retry_after=7)) as server,
        open_client(kind, server.url, retries=0) as client,
    ):
        with pytest.raises(ServiceError) as caught:
            await client.live()

    error = caught.value
    assert type(error) is BASES[error_class]
    assert (error.code, error.retry_after) == ("brand_new", 7)
    assert error.detail == "It is brand_new."


async def test_the_status_is_that_of_the_answer_not_of_the_document(kind: Kind) -> None:
    """In this document it is not even a number."""
    busy = problem(503, ErrorClass.UNAVAILABLE, "unavailable", retry_after=0)
    odd = replace(busy, body=busy.body.replace("503", '"422"'))
    async with (
        scripted(odd) as server,
        open_client(kind, server.url, retries=1) as client,
    ):
        with pytest.raises(errors.Unavailable) as caught:
            await client.live()

    assert caught.value.problem["status"] == 503
    assert len(server.seen) == 2


async def test_the_error_class_counts_more_than_a_known_code(kind: Kind) -> None:
    """Callers act on the class, and the code is only a detail."""
    async with (
        scripted(problem(500, ErrorClass.BUG, "still_running")) as server,
        open_client(kind, server.url) as client,
    ):
        with pytest.raises(errors.Bug) as caught:
            await client.live()

    assert caught.value.code == "still_running"


ODD = [
    pytest.param(html(502), GatewayFailed, "502", id="proxy 502"),
    pytest.param(html(504), GatewayFailed, "504", id="proxy 504"),
    pytest.param(html(404), UnexpectedAnswer, "404 and text/html", id="proxy 404"),
    pytest.param(html(413), UnexpectedAnswer, "413", id="proxy 413"),
    pytest.param(html(302, Location="/login"), UnexpectedAnswer, "302", id="login page"),
    pytest.param(html(200), UnexpectedAnswer, "200 and text/html", id="another site"),
    pytest.param(ok({"status": "fine"}), UnexpectedAnswer, "200", id="another contract"),
    pytest.param(Reply(204), UnexpectedAnswer, "no content type", id="nothing"),
    pytest.param(
        Reply(200, "no gzip", {"Content-Encoding": "gzip"}), UnexpectedAnswer, "decoded", id="gzip"
    ),
    pytest.param("drop", ServiceUnreachable, "RemoteProtocolError", id="dropped"),
    pytest.param("silence", ServiceUnreachable, "ReadTimeout", id="silent"),
]


@pytest.mark.parametrize(("act", "raised", "said"), ODD)
async def test_answers_that_do_not_come_from_the_service_are_distinguished(
    kind: Kind, act: Act, raised: type[ServiceError], said: str
) -> None:
    """The error says what came and from which URL, and is never an exception of a library."""
    async with (
        scripted(act) as server,
        open_client(kind, server.url, retries=0, timeout=0.3) as client,
    ):
        with pytest.raises(raised, match=said) as caught:
            await client.live()

    assert type(caught.value) is raised
    assert server.url in caught.value.detail
    assert caught.value.problem == {}


async def test_a_503_of_a_proxy_is_no_answer_of_readiness(kind: Kind) -> None:
    """The service's own 503 is an answer; this one has no checks."""
    async with (
        scripted(html(503, **{"Retry-After": "9"})) as server,
        open_client(kind, server.url, retries=0) as client,
    ):
        with pytest.raises(GatewayFailed) as caught:
            await client.ready()

    assert caught.value.retry_after == 9


async def test_a_service_without_database_answers_its_health(
    settings: Settings, kind: Kind
) -> None:
    """The answers are typed as ever, although the status is 503."""
    gone = settings.model_copy(update={"database_url": nowhere("postgresql")})
    async with front_server(gone) as url, open_client(kind, url, retries=0) as client:
        ready, composite = await client.ready(), await client.health_check()

    assert ready.status == composite.status == "error"
    assert ready.checks["database"].error
    assert composite.services.queue.waiting is None


@pytest.mark.parametrize(
    "retry_after", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "", "9" * 5000]
)
async def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(
    kind: Kind, retry_after: str
) -> None:
    """The error itself is raised as usual."""
    async with (
        scripted(html(503, **{"Retry-After": retry_after})) as server,
        open_client(kind, server.url, retries=0) as client,
    ):
        with pytest.raises(GatewayFailed) as caught:
            await client.live()

    assert caught.value.retry_after is None


async def test_a_service_below_a_path_is_found_there(kind: Kind) -> None:
    """A gateway may serve it under a prefix."""
    async with (
        scripted(ok({"status": "ok"})) as server,
        open_client(kind, server.url + "/ai/") as client,
    ):
        await client.live()

    assert server.seen[0].path == "/ai/health/live"


async def test_a_url_at_which_nobody_listens_is_unreachable(kind: Kind) -> None:
    """The failure is Transient, and the error does not show the password in the URL."""
    url = nowhere("http").get_secret_value()
    async with open_client(kind, url.replace("//", "//me:secret@"), retries=0) as client:
        with pytest.raises(errors.Transient) as caught:
            await client.live()

    assert type(caught.value) is ServiceUnreachable
    assert "ConnectError" in caught.value.detail
    assert "secret" not in caught.value.detail
