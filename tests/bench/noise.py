"""How much CPU others took while we measured."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

# Beyond this share of the CPU, others disturb what is measured.
TOO_MUCH = 0.10


def _ours() -> float:
    """Return the CPU seconds of this process and of all that it has started, dead or alive."""
    ourselves = psutil.Process()
    seconds = 0.0
    for process in [ourselves, *ourselves.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def _everybody() -> float:
    """Return the CPU seconds that the whole machine was not idle, with what was stolen from it."""
    times = psutil.cpu_times()._asdict()
    # Linux counts the time of guests as time of users too.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(seconds for name, seconds in times.items() if name not in idle))


@dataclass(frozen=True)
class Noise:
    """Watches the CPU from now on."""

    ours: float = field(default_factory=_ours)
    everybody: float = field(default_factory=_everybody)
    begin: float = field(default_factory=time.monotonic)

    def share(self) -> float:
        """Return the fraction of all cores that processes of others took, from 0 to 1."""
        capacity = (time.monotonic() - self.begin) * (os.cpu_count() or 1)
        others = (_everybody() - self.everybody) - (_ours() - self.ours)
        return round(min(1.0, max(0.0, others / capacity)), 3) if capacity else 0.0
