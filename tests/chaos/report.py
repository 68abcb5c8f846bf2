"""The figures of a scenario, what is wrong with them, and the table of them all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

# Seconds. A caller hears within two that something is away; the rest is for a busy machine.
HEARD_WITHIN, MARGIN = 2.0, 1.5
RESCUED_WITHIN = 30.0


@dataclass
class Report:
    """Numbers of jobs after a scenario.

    `lost` counts accepted jobs that neither succeeded nor failed as the scenario meant them to.
    `twice` counts jobs that succeeded twice, that ran to their end more often than kills explain,
    or that exist twice for one key of a caller. `false_failures` counts jobs that failed although
    the scenario did not mean it, and attempts that were booked as crashed while their worker lived.
    `wrong_answers` counts answers that no caller should get, by what they were. `died` counts
    processes that ended without having been killed. `busiest` is the largest number of jobs that
    one worker ran at the same time, and `slots` how many it may run; None if nothing was noted.
    `slowest_answer` is the longest time, in seconds, after which a caller heard anything.
    `slowest_rescue` is the longest time, in seconds, from a kill to the next start of a job that
    the worker was running, not counting the grace after an outage; None if no job was rescued.
    `problem` says why a scenario could not be carried out.
    """

    scenario: str
    accepted: int = 0
    refused: int = 0
    succeeded: int = 0
    failed: int = 0
    lost: int = 0
    twice: int = 0
    false_failures: int = 0
    died: int = 0
    busiest: int | None = None
    slots: int | None = None
    slowest_answer: float | None = None
    slowest_rescue: float | None = None
    wrong_answers: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    problem: str | None = None

    def faults(self) -> list[str]:
        """Return what must not be, one entry for each promise that was broken."""
        found = [
            f"{what}: {count}"
            for what, count in (
                ("lost", self.lost),
                ("twice", self.twice),
                ("false failures", self.false_failures),
                ("died", self.died),
            )
            if count
        ]
        found += [f"answered {what}: {count}" for what, count in self.wrong_answers.items()]
        if self.busiest is not None and self.slots is not None and self.busiest > self.slots:
            found.append(f"{self.busiest} jobs at once in {self.slots} slots")
        if (self.slowest_answer or 0) > HEARD_WITHIN + MARGIN:
            found.append(f"a caller waited {self.slowest_answer} s for an answer")
        if (self.slowest_rescue or 0) > RESCUED_WITHIN:
            found.append(f"a rescue took {self.slowest_rescue} s")
        if self.problem:
            found.append(self.problem)
        return found


def table(reports: Sequence[Report]) -> Table:
    """Return a table with a row for each scenario; the faults are in its last column."""
    shown = Table(title="What became of the jobs")
    for name in (
        "Scenario", "Accepted", "Succeeded", "Failed", "Lost", "Twice", "False failures", "Died",
        "Busiest/slots", "Answer s", "Rescue s", "Attempts by outcome", "Faults",
    ):  # fmt: skip
        shown.add_column(name, no_wrap=name == "Scenario")
    for report in reports:
        counts = (
            report.accepted, report.succeeded, report.failed, report.lost, report.twice,
            report.false_failures, report.died,
        )  # fmt: skip
        busiest = "" if report.busiest is None else f"{report.busiest}/{report.slots or '?'}"
        shown.add_row(
            report.scenario,
            *map(str, counts),
            busiest,
            _seconds(report.slowest_answer),
            _seconds(report.slowest_rescue),
            ", ".join(f"{how} {count}" for how, count in report.attempts.items()),
            "; ".join(report.faults()),
        )
    return shown


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
