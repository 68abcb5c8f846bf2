"""What has changed between two measurements of the same figures, and which of them fail."""

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
        """Whether a comparable figure is worse or gone, or any figure misses its goal anew.

        A goal that the earlier figure missed as well is no news, as long as the figure is no worse.
        """
        figure = self.now or self.then
        if figure is None:
            return False
        if figure.comparable and self.verdict in (Verdict.WORSE, Verdict.GONE):
            return True
        return self.now is not None and self.now.reached is False and not self._missed_before

    @property
    def _missed_before(self) -> bool:
        """Whether the earlier figure missed today's goal, and the new one is no worse."""
        if self.now is None or self.then is None:
            return False
        then = self.then.model_copy(update={"goal": self.now.goal})
        return then.reached is False and _verdict(then, self.now) is not Verdict.WORSE


def compare(then: Measured, now: Measured) -> list[Change]:
    """Return what has changed in each figure of a measurement.

    Figures of another size cannot be compared; whoever calls this has made sure that they are not.
    """
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
