"""Writes the parts of docs/performance.md that come from the saved figures, and its pictures."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.local.checkout import ROOT
from tests.bench.capacity.costs import Costs
from tests.bench.capacity.job_picture import job_picture
from tests.bench.capacity.sizes import (
    IMAGE,
    SLOTS_OF_A_WORKER,
    Simulated,
    item_sizes,
    limits,
    setting,
    simulated,
)
from tests.bench.capacity.waits_picture import waits_picture
from tests.bench.figures import Figure, readable
from tests.bench.measurements import MEASUREMENTS
from tests.bench.noise import TOO_MUCH
from tests.bench.report.saved import Measured, Saved, read

SAVED = ROOT / "config/bench.json"
PAGE = ROOT / "docs/performance.md"
PICTURES = ROOT / "docs/pictures"


def write_page() -> None:
    """Write the page and its pictures anew. Raises NotSaved, NotMeasured."""
    for path, text in rendered(PAGE.read_text(), read(SAVED)).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def rendered(page: str, saved: Saved) -> dict[Path, str]:
    """Return the texts of the page and of the pictures by path. Raises NotMeasured."""
    costs = Costs.of(saved)
    for name, lines in (
        ("figures", figures(saved)),
        ("items", items(costs)),
        ("receipts", receipts(simulated(costs))),
        ("limits", first_limits(costs)),
    ):
        page = _replaced(page, name, lines)
    return {
        PAGE: page,
        PICTURES / "job.svg": job_picture(saved),
        PICTURES / "waits.svg": waits_picture(costs),
    }


def figures(saved: Saved) -> Iterator[str]:
    """Yield a table for each measurement, with its date and machine."""
    for name, measurement in MEASUREMENTS.items():
        if name not in saved.measurements:
            continue
        measured = saved.measurements[name]
        yield f"### {name}"
        yield ""
        yield f"This measures {measurement.what}: {_when(measured)}"
        yield ""
        yield "| | median | spread | goal | reached | measured against |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for figure in measured.figures:
            yield _row(figure)
        yield ""


def _when(measured: Measured) -> str:
    rounds = f"{measured.rounds} round{'s' * (measured.rounds > 1)}"
    when = f"{measured.date:%Y-%m-%d}, {measured.machine}; {rounds}"
    if measured.size != 1:
        when += f" of {measured.size:.0%} of the usual size"
    if measured.noise > TOO_MUCH:
        when += f"; {measured.noise:.0%} of the CPU went to others, so trust only what is a ratio"
    return f"{when}."


def _row(figure: Figure) -> str:
    sign = "≥" if figure.better == "higher" else "≤"
    goal = "" if figure.goal is None else f"{sign} {readable(figure.goal)}"
    reached = {None: "", True: "yes", False: "**no**"}[figure.reached]
    spread = f"{readable(min(figure.values))}–{readable(max(figure.values))}"
    value = f"{readable(figure.median)} {figure.unit}".rstrip()
    return f"| {figure.name} | {value} | {spread} | {goal} | {reached} | {figure.anchor} |"


def items(costs: Costs) -> Iterator[str]:
    """Yield the sizes for loads of categorisations."""
    yield "| categorisations a second | fronts | workers | cores of all, with the servers' |"
    yield "| --- | --- | --- | --- |"
    for size in item_sizes(costs):
        yield f"| {size.per_second:,g} | {size.fronts} | {size.workers} | {size.cores} |"


def receipts(found: Sequence[Simulated]) -> Iterator[str]:
    """Yield what the simulation found for each load of receipts."""
    retention = setting("image_retention") / 3600
    yield (
        "| receipts an hour | cores for OCR | workers | busy | wait p50 | p95 | p99 | refused "
        f"| images | kept for {retention:g} h |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for each in found:
        course, gigabytes = each.course, each.per_hour * IMAGE / 1000
        waits = " | ".join(f"{readable(round(course.wait(p), 2))} s" for p in (50, 95, 99))
        workers = -(-each.slots // SLOTS_OF_A_WORKER)
        yield (
            f"| {each.per_hour:,} | {each.slots} | {workers} | {course.utilisation:.0%} | {waits} "
            f"| {course.refused:.1%} | {readable(gigabytes)} GB/h "
            f"| {readable(gigabytes * retention)} GB |"
        )


def first_limits(costs: Costs) -> Iterator[str]:
    """Yield the limits in the order in which a growing load meets them."""
    yield "| limit | from receipts an hour on | what to change then |"
    yield "| --- | --- | --- |"
    for limit in limits(costs):
        yield f"| {limit.what} | {readable(float(f'{limit.per_hour:.2g}'))} | {limit.then} |"


def _replaced(page: str, name: str, lines: Iterator[str]) -> str:
    """Replace what is between the two comments that have the name of a part."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text = "\n".join(lines).strip()
    page, count = pattern.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", page)
    assert count == 1, f"{PAGE} has {count} places for {name}"
    return page
