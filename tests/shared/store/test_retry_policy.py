"""The retry policy: what becomes of a job after a failed attempt."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ErrorClass
from shared.store.retry_policy import (
    BUDGETS,
    PUT_BACK_LIMIT,
    GiveUp,
    PutBack,
    Retry,
    backoff,
    decide,
)

CLASSES = st.sampled_from(list(ErrorClass))
SPENT = st.integers(0, 20)
MORE_THAN_ANY_BUDGET = st.integers(max(BUDGETS.values()), 50)


def decided(error_class: ErrorClass, spent: int, age: float = 0) -> Retry | PutBack | GiveUp:
    """Decide with a first pause of 1 s and an error whose `retry_after` is 30 s."""
    return decide(
        error_class,
        spent,
        age=timedelta(seconds=age),
        retry_after=30,
        first_pause=1,
        rng=random.Random(1),
    )


@pytest.mark.parametrize(
    ("error_class", "attempts"),
    [
        (ErrorClass.BAD_INPUT, 1),
        (ErrorClass.CANCELLED, 1),
        (ErrorClass.TRANSIENT, 6),
        (ErrorClass.TIMEOUT, 2),
        (ErrorClass.CRASHED, 3),
        (ErrorClass.BUG, 2),
    ],
)
def test_a_job_is_retried_until_its_budget_is_spent(error_class: ErrorClass, attempts: int) -> None:
    """The last attempt of the budget fails the job."""
    answers = [decided(error_class, spent) for spent in range(attempts)]

    assert all(isinstance(answer, Retry) for answer in answers[:-1])
    assert answers[-1] == GiveUp()


def test_a_job_is_put_back_for_an_hour_at_most() -> None:
    """The number of attempts does not matter. After an hour the job fails."""
    limit = PUT_BACK_LIMIT.total_seconds()

    assert decided(ErrorClass.UNAVAILABLE, 99, age=limit - 1) == PutBack(30)
    assert decided(ErrorClass.UNAVAILABLE, 0, age=limit) == GiveUp()


@given(CLASSES, MORE_THAN_ANY_BUDGET)
def test_no_job_is_retried_forever(error_class: ErrorClass, spent: int) -> None:
    """A job that is old enough and has spent any budget fails."""
    assert decided(error_class, spent, age=PUT_BACK_LIMIT.total_seconds()) == GiveUp()


@given(SPENT, st.floats(0.001, 10), st.integers())
def test_pauses_grow_and_stay_within_a_minute(spent: int, first: float, seed: int) -> None:
    """A pause may be as short as 0 s, so that jobs that failed together are retried apart."""
    pause = backoff(spent, first, random.Random(seed))

    assert 0 <= pause <= min(60, first * 2**spent)
