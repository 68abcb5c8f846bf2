"""How an attempt ends: the one vocabulary of the API, the metrics, the spans and the logs."""

from enum import StrEnum
from typing import Literal


class AttemptOutcome(StrEnum):
    """How one attempt ended. Spans and logs use every value; metrics do, too."""

    # The result is stored, and the job has succeeded.
    SUCCEEDED = "succeeded"
    # It ended in an error, and the job has failed: no budget is left, or none was to be had.
    FAILED = "failed"
    # It ended in an error, and the job waits to be run again; one attempt of the budget is spent.
    RETRIED = "retried"
    # Something was unavailable. The job waits to be run again, and no attempt is spent.
    PUT_BACK = "put_back"
    # The worker shut down. The job waits under the same dispatch, and no budget is spent.
    RELEASED = "released"
    # The worker died, or lost its lease. Recorded and counted by the worker that rescues the job.
    CRASHED = "crashed"
    # Somebody asked for it, and the job is cancelled.
    CANCELLED = "cancelled"
    # The result came after the attempt had been recorded as crashed, and was refused.
    DROPPED = "dropped"

    @property
    def recorded(self) -> "RecordedOutcome | None":
        """What the history of the job says: the value in `job_attempts.outcome` and in the API.

        None for an attempt that the history leaves out. An attempt that ended in an error is
        `failed` there, whatever became of the job.
        """
        match self:
            case AttemptOutcome.RETRIED:
                return AttemptOutcome.FAILED
            case AttemptOutcome.PUT_BACK | AttemptOutcome.DROPPED:
                return None
            case _:
                return self

    @property
    def ends_job(self) -> bool:
        """Whether the job has ended with the attempt; its status is then the same word."""
        return self in (
            AttemptOutcome.SUCCEEDED,
            AttemptOutcome.FAILED,
            AttemptOutcome.CANCELLED,
        )


RecordedOutcome = Literal[
    AttemptOutcome.SUCCEEDED,
    AttemptOutcome.FAILED,
    AttemptOutcome.CRASHED,
    AttemptOutcome.RELEASED,
    AttemptOutcome.CANCELLED,
]
