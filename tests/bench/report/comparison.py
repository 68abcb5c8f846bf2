"""What has changed between two measurements of the same figures."""

from dataclasses import dataclass
from enum import StrEnum

from tests.bench.figures import Figure
from tests.bench.report.saved import Measured

# A figure may be worse by this fraction, beyond its noise.
TOLERANCE = 0.05


class Verdict(StrEnum):
    """How a figure compares with an earlier one."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    NEW = "new"
    GONE = "gone"
    OTHER_MACHINE = "other machine"


@dataclass(frozen=True)
class Change:
    """A figure then and now. `change` is the difference as a fraction of the earlier median."""

    name: str
    then: Figure | None
    now: Figure | None
    change: float | None
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether a figure that other machines would find too is worse, or is no longer there."""
        figure = self.now or self.then
        bad = self.verdict in (Verdict.WORSE, Verdict.GONE)
        return bad and figure is not None and figure.comparable


def compare(then: Measured, now: Measured) -> list[Change]:
    """Return what has changed in each figure of a measurement."""
    before = {figure.name: figure for figure in then.figures}
    after = {figure.name: figure for figure in now.figures}
    same_machine = then.machine == now.machine
    return [
        _change(name, before.get(name), after.get(name), same_machine=same_machine)
        for name in {**before, **after}
    ]


def _change(name: str, then: Figure | None, now: Figure | None, *, same_machine: bool) -> Change:
    if then is None or now is None:
        return Change(name, then, now, None, Verdict.NEW if now else Verdict.GONE)
    change = (now.median - then.median) / abs(then.median) if then.median else None
    if not (now.comparable or same_machine):
        return Change(name, then, now, change, Verdict.OTHER_MACHINE)
    return Change(name, then, now, change, _verdict(then, now))


def _verdict(then: Figure, now: Figure) -> Verdict:
    """Judge a difference that is greater than the tolerance and the noise of both together."""
    difference = now.median - then.median
    noise = max(then.noise * abs(then.median), now.noise * abs(now.median))
    if abs(difference) <= TOLERANCE * abs(then.median) + noise:
        return Verdict.SAME
    return Verdict.BETTER if (difference > 0) == (now.better == "higher") else Verdict.WORSE
