"""Decides how an attempt ends, and stores that with the transition for it."""

import random
from dataclasses import dataclass

from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Cancelled, ServiceError, Unavailable
from shared.store import transitions
from shared.store.postgres.database import Session
from shared.store.retry_policy import GiveUp, PutBack, Retry, decide
from shared.store.transitions import AttemptRecord, Claim
from worker.features.runners import Product


@dataclass(frozen=True)
class Interrupted:
    """The worker shut down before the run came to a result."""


RunResult = Product | ServiceError | Interrupted


class Endings:
    """Stores the results of runs, and applies the retry policy to those that failed."""

    def __init__(self, retry_pause: float) -> None:
        """`retry_pause` is the longest wait before the first retry, in seconds."""
        self._retry_pause = retry_pause
        self._rng = random.Random()

    async def store(
        self, session: Session, claim: Claim, record: AttemptRecord, result: RunResult
    ) -> AttemptOutcome:
        """Apply the transition that `result` calls for, and return how the attempt ended.

        The outcome is `dropped` if the claim no longer held; nothing was changed then. It is
        `cancelled` if a cancellation was requested that this worker had not yet seen, since the
        job does not run again.
        """
        outcome, state = await self._transition(session, claim, record, result)
        if state is None:
            return AttemptOutcome.DROPPED
        return AttemptOutcome.CANCELLED if state is JobStatus.CANCELLED else outcome

    async def _transition(
        self, session: Session, claim: Claim, record: AttemptRecord, result: RunResult
    ) -> tuple[AttemptOutcome, JobStatus | None]:
        """Return the outcome and the new state of the job, or None for the state if the claim no
        longer held."""
        match result:
            case Product():
                return AttemptOutcome.SUCCEEDED, await transitions.succeed(
                    session,
                    claim,
                    record,
                    output=result.output.model_dump(mode="json"),
                    model_id=result.model_id,
                    model_version=result.model_version,
                )
            case Interrupted():
                return AttemptOutcome.RELEASED, await transitions.release(session, claim, record)
            case Cancelled():
                return AttemptOutcome.CANCELLED, await transitions.end_cancelled(
                    session, claim, record
                )
            case ServiceError():
                return await self._end_in_error(session, claim, record, result)

    async def _end_in_error(
        self, session: Session, claim: Claim, record: AttemptRecord, failure: ServiceError
    ) -> tuple[AttemptOutcome, JobStatus | None]:
        error = JobError.of(failure)
        match decide(
            failure.error_class,
            claim.spent.get(failure.error_class, 0),
            age=claim.started_at - claim.created_at,
            retry_after=failure.retry_after if isinstance(failure, Unavailable) else 0,
            first_pause=self._retry_pause,
            rng=self._rng,
        ):
            case Retry(delay):
                return AttemptOutcome.RETRIED, await transitions.retry(
                    session, claim, record, error, delay
                )
            case PutBack(delay):
                return AttemptOutcome.PUT_BACK, await transitions.put_back(
                    session, claim, error, delay
                )
            case GiveUp():
                return AttemptOutcome.FAILED, await transitions.fail(session, claim, record, error)
