"""The outcomes of attempts in the history of a job and in the API."""

import pytest

from shared.contracts.jobs import AttemptView, JobStatus
from shared.contracts.outcomes import AttemptOutcome

RECORDED = {
    AttemptOutcome.SUCCEEDED: "succeeded",
    AttemptOutcome.FAILED: "failed",
    AttemptOutcome.RETRIED: "failed",
    AttemptOutcome.PUT_BACK: None,
    AttemptOutcome.RELEASED: "released",
    AttemptOutcome.CRASHED: "crashed",
    AttemptOutcome.CANCELLED: "cancelled",
    AttemptOutcome.DROPPED: None,
}


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_every_outcome_is_recorded_as_one_of_five_words(outcome: AttemptOutcome) -> None:
    """The history of a job contains these words and no others."""
    assert outcome.recorded == RECORDED[outcome]


def test_the_api_shows_the_recorded_words_and_no_others() -> None:
    """The schema of the API names exactly what the history can hold."""
    shown = AttemptView.model_json_schema()["properties"]["outcome"]["enum"]

    assert set(shown) == {word for word in RECORDED.values() if word}


def test_an_outcome_that_ends_a_job_is_also_its_status() -> None:
    """The status of a finished job is the outcome of its last attempt."""
    ending = {JobStatus(outcome) for outcome in AttemptOutcome if outcome.ends_job}

    assert ending == {status for status in JobStatus if status.finished}
