"""The outcomes of attempts, which the API, the metrics, the spans and the logs share."""

from enum import StrEnum
from typing import Literal


class AttemptOutcome(StrEnum):
    """How one attempt ended. Metrics, spans and logs use every value."""

    # The result is stored, and the job has succeeded.
    SUCCEEDED = "succeeded"
    # It ended in an error, and the job has failed: no attempt of its budget is left.
    FAILED = "failed"
    # It ended in an error, and the job waits for another attempt. One of the budget is spent.
    RETRIED = "retried"
    # Something was unavailable. The job waits for another attempt, and no budget is spent.
    PUT_BACK = "put_back"
    # The worker shut down, and the job waits under the same dispatch; or Postgres was restored from
    # a backup that has the job as running. No budget is spent.
    RELEASED = "released"
    # The worker died, lost its lease, or could not store the end. Recorded and counted by the
    # worker that rescues the job.
    CRASHED = "crashed"
    # A caller asked for it, and the job is cancelled.
    CANCELLED = "cancelled"
    # The claim no longer held, so the result was refused: the attempt had been recorded as crashed,
    # or the claim was lost with Postgres, or an earlier try had put the job back unheard.
    DROPPED = "dropped"

    @property
    def recorded(self) -> "RecordedOutcome | None":
        """The value in the history of the job, which is `job_attempts.outcome` and in the API.

        It is None for an attempt that is not recorded, and `failed` for one that ended in an error,
        whatever became of the job.
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
        """Whether the job ended with the attempt. Its status is then the same word."""
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
