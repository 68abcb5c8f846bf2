"""Errors that occur only in a client: failures on the way to the service, and its own limit."""

from shared.errors import BadInput, Bug, Transient, Unavailable


class ServiceUnreachable(Transient):
    """There is no connection, or no answer on it. The request may have been served nevertheless."""

    code = "service_unreachable"
    detail = "The service does not answer; try again shortly."


class GatewayFailed(Transient):
    """A 5xx without a problem document: a proxy answered instead of the service."""

    code = "gateway_failed"
    detail = "A proxy between this client and the service failed; try again shortly."


class UnexpectedAnswer(Bug):
    """An answer that is neither what the contract promises nor a problem document.

    The URL or the version of the service is probably wrong.
    """

    code = "unexpected_answer"
    detail = "The answer did not come from this service."


class NotDoneInTime(Unavailable):
    """`await_job`, `wait_many` or `events` gave up waiting; the jobs continue, and can be awaited
    again."""

    code = "not_done_in_time"
    detail = "The job is not done yet; it continues."
    retry_after = 2


class CallbackNotVerified(BadInput):
    """A request that says it is a callback was not signed with a known secret, or not lately.

    Answer it with a 4xx and do nothing else.
    """

    code = "callback_not_verified"
    detail = "The request is not a callback of this service."
