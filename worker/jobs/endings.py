"""Decides how an attempt ends, and what becomes of its job."""

import random
from dataclasses import dataclass

from shared.contracts.jobs import JobError
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Cancelled, ServiceError, Unavailable
from shared.store.hot.claiming import Claim
from shared.store.hot.storing import AttemptRecord, Ending
from shared.store.retry_policy import GiveUp, PutBack, Retry, decide
from worker.features.runners import Product


@dataclass(frozen=True)
class Interrupted:
    """The worker shut down before the run came to a result."""


RunResult = Product | ServiceError | Interrupted


class Endings:
    """Turns the results of runs into endings, and applies the retry policy to those that failed."""

    def __init__(self, retry_pause: float) -> None:
        """`retry_pause` is the longest wait before the first retry, in seconds."""
        self._retry_pause = retry_pause
        self._rng = random.Random()

    def of(self, claim: Claim, record: AttemptRecord, result: RunResult) -> Ending:
        """Return the ending that `result` calls for. Raises ValueError if it has no JSON text."""
        match result:
            case Product():
                return Ending(
                    claim=claim,
                    record=record,
                    outcome=AttemptOutcome.SUCCEEDED,
                    output=result.output.model_dump_json(),
                    model_id=result.model_id,
                    model_version=result.model_version,
                )
            case Interrupted():
                return Ending(claim=claim, record=record, outcome=AttemptOutcome.RELEASED)
            case Cancelled():
                return Ending(claim=claim, record=record, outcome=AttemptOutcome.CANCELLED)
            case ServiceError():
                return self._of_error(claim, record, result)

    def _of_error(self, claim: Claim, record: AttemptRecord, failure: ServiceError) -> Ending:
        outcome, delay = AttemptOutcome.FAILED, 0.0
        match decide(
            failure.error_class,
            claim.spent.get(failure.error_class, 0),
            age=claim.started_at - claim.created_at,
            retry_after=failure.retry_after if isinstance(failure, Unavailable) else 0,
            first_pause=self._retry_pause,
            rng=self._rng,
        ):
            case Retry(pause):
                outcome, delay = AttemptOutcome.RETRIED, pause
            case PutBack(pause):
                outcome, delay = AttemptOutcome.PUT_BACK, pause
            case GiveUp():
                pass
        error = JobError.of(failure)
        return Ending(claim=claim, record=record, outcome=outcome, error=error, delay=delay)
