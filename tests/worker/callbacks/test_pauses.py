"""The pauses between the attempts of a delivery."""

import random

import pytest

from worker.callbacks.pauses import LONGEST, pause_after


@pytest.mark.parametrize(("attempts", "middle"), [(1, 5), (2, 15), (3, 45), (8, 10_935)])
def test_pauses_triple(attempts: int, middle: float) -> None:
    """Each differs from the middle by a fifth at most, and not always by the same."""
    rng = random.Random(1)
    pauses = [pause_after(attempts, first=5, retry_after=None, rng=rng) for _ in range(100)]

    assert middle * 0.8 <= min(pauses) < max(pauses) <= min(middle * 1.2, LONGEST)


@pytest.mark.parametrize("attempts", [9, 13, 1000])
def test_no_pause_is_longer_than_four_hours(attempts: int) -> None:
    pause = pause_after(attempts, first=5, retry_after=1e9, rng=random.Random(1))

    assert pause == LONGEST == 4 * 3600


def test_the_receiver_may_ask_for_a_longer_pause() -> None:
    """A shorter one is not respected: it would outpace the backoff."""
    rng = random.Random(1)

    assert pause_after(1, first=5, retry_after=60, rng=rng) == 60
    assert pause_after(1, first=5, retry_after=0, rng=rng) >= 4


def test_a_delivery_is_tried_about_thirteen_times_in_a_day() -> None:
    """docs/callbacks.md says so."""
    rng = random.Random(1)
    passed, attempts = 0.0, 1
    while (passed := passed + pause_after(attempts, first=5, retry_after=None, rng=rng)) <= 86_400:
        attempts += 1

    assert 12 <= attempts <= 14
