"""The table of what becomes of a failed attempt."""

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
    """With a first pause of a second, and 30 s to wait for what is unavailable."""
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
def test_how_often_an_attempt_may_end_so(error_class: ErrorClass, attempts: int) -> None:
    """Retried until the budget is spent, and then no more."""
    answers = [decided(error_class, spent) for spent in range(attempts)]

    assert all(isinstance(answer, Retry) for answer in answers[:-1])
    assert answers[-1] == GiveUp()


def test_what_is_unavailable_is_put_back_for_an_hour() -> None:
    """However often; and then the job fails."""
    limit = PUT_BACK_LIMIT.total_seconds()

    assert decided(ErrorClass.UNAVAILABLE, 99, age=limit - 1) == PutBack(30)
    assert decided(ErrorClass.UNAVAILABLE, 0, age=limit) == GiveUp()


@given(CLASSES, MORE_THAN_ANY_BUDGET)
def test_every_class_ends(error_class: ErrorClass, spent: int) -> None:
    """No job is retried for ever."""
    assert decided(error_class, spent, age=PUT_BACK_LIMIT.total_seconds()) == GiveUp()


@given(SPENT, st.floats(0.001, 10), st.integers())
def test_pauses_grow_and_stay_within_a_minute(spent: int, first: float, seed: int) -> None:
    """Anything from nothing on, so that jobs that failed together come back apart."""
    pause = backoff(spent, first, random.Random(seed))

    assert 0 <= pause <= min(60, first * 2**spent)
