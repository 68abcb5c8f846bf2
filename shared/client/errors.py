"""What only a client meets: failures between it and the service, and its own time limit."""

from shared.errors import Bug, Transient, Unavailable


class ServiceUnreachable(Transient):
    """No connection, or no answer on it. The request may have been served all the same."""

    code = "service_unreachable"
    detail = "The service does not answer; try again shortly."


class GatewayFailed(Transient):
    """A 5xx that is no problem document: something in between answered in the service's place."""

    code = "gateway_failed"
    detail = "Something between here and the service failed; try again shortly."


class UnexpectedAnswer(Bug):
    """Neither what the contract promises nor a problem document: a wrong URL or version."""

    code = "unexpected_answer"
    detail = "The answer is not one of this service."


class NotDoneInTime(Unavailable):
    """`await_job` gave up waiting; the job goes on and can be awaited again."""

    code = "not_done_in_time"
    detail = "The job is not done yet; it goes on."
    retry_after = 2
