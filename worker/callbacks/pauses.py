"""Decides for how long to wait before a callback is attempted again."""

import math
import random

# Seconds that no pause exceeds.
LONGEST = 4 * 3600.0
_FACTOR = 3.0
# The exponent at which every pause has long reached LONGEST.
_LAST_EXPONENT = 20


def pause_after(
    attempts: int, *, first: float, retry_after: float | None, rng: random.Random
) -> float:
    """Return the pause in seconds after that many failed attempts, at least one.

    It begins at `first`, triples each time, and differs by up to a fifth, so that what failed
    together is not tried together again. A longer `retry_after` of the receiver is respected.
    """
    exponent = min(attempts - 1, _LAST_EXPONENT)
    pause = min(first * math.pow(_FACTOR, exponent), LONGEST) * rng.uniform(0.8, 1.2)
    return min(max(pause, retry_after or 0), LONGEST)
