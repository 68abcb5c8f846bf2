"""The picture of where the time of a job goes, from the figures of `parts`."""

import re
from collections.abc import Mapping, Sequence

from tests.bench.capacity.drawing import COLOURS, Drawing
from tests.bench.figures import NotMeasured, readable
from tests.bench.report.saved import Saved

_WIDTH, _LEFT, _RIGHT = 960, 300, 80
_ROW, _BAR, _GAP = 22, 14, 46
_SPAN = re.compile(r"(?P<part>front|worker): (?P<name>.+): (?P<what>begins after|takes)")
_CPU = re.compile(r"CPU of a job, .*: (?P<part>.+)")
_SHARE = re.compile(r"share of the (?P<part>front|worker): (?P<kind>.+)")
_PARTS = {"front": COLOURS[0], "worker": COLOURS[1], "Postgres": COLOURS[2], "Redis": COLOURS[3]}


def job_picture(saved: Saved) -> str:
    """Return the SVG. Raises NotMeasured if `parts` has not been measured."""
    if "parts" not in saved.measurements:
        raise NotMeasured("There are no parts of a job: run bin/bench --only parts --save.")
    medians = {figure.name: figure.median for figure in saved.measurements["parts"].figures}
    spans = _spans(medians)
    cpu = {found["part"]: ms for name, ms in medians.items() if (found := _CPU.fullmatch(name))}
    height = _GAP * 3 + _ROW * (len(spans) + len(cpu) + 2) + 40
    drawing = Drawing("Where the time of a job that does nothing goes", _WIDTH, height)
    y = _draw_spans(drawing, spans, 30)
    y = _draw_cpu(drawing, cpu, y + _GAP)
    _draw_shares(drawing, medians, cpu, y + _GAP)
    return drawing.svg()


Spans = Mapping[tuple[str, str], Mapping[str, float]]


def _spans(medians: Mapping[str, float]) -> Spans:
    spans: dict[tuple[str, str], dict[str, float]] = {}
    for name, ms in medians.items():
        if found := _SPAN.fullmatch(name):
            spans.setdefault((found["part"], found["name"]), {})[found["what"]] = ms
    return spans


def _draw_spans(drawing: Drawing, spans: Spans, y: float) -> float:
    """Draw a bar for each span, from its begin to its end; return the place below."""
    drawing.text(10, y, "A job alone, traced: its spans, in ms after the request came", bold=True)
    whole = max(each["begins after"] + each["takes"] for each in spans.values())
    scale = (_WIDTH - _LEFT - _RIGHT) / whole
    for (part, name), times in spans.items():
        y += _ROW
        drawing.text(10, y, f"{part}: {name}")
        begin, took = times["begins after"], times["takes"]
        drawing.bar(_LEFT + begin * scale, y - 11, took * scale, _BAR, _PARTS[part])
        # The number of a bar that reaches far to the right stands in it.
        end = _LEFT + (begin + took) * scale
        drawing.text(min(end, _WIDTH - _RIGHT) + 6, y, f"{readable(took)} ms")
    return y


def _draw_cpu(drawing: Drawing, cpu: Mapping[str, float], y: float) -> float:
    """Draw a bar for each process; return the place below."""
    total = sum(cpu.values())
    title = f"Many jobs at a time: CPU of each process for a job, {readable(total)} ms in all"
    drawing.text(10, y, title, bold=True)
    scale = (_WIDTH - _LEFT - _RIGHT) / (max(cpu.values()) or 1)
    for part, ms in cpu.items():
        y += _ROW
        drawing.text(10, y, part)
        drawing.bar(_LEFT, y - 11, ms * scale, _BAR, _PARTS[part])
        drawing.text(_LEFT + ms * scale + 6, y, f"{readable(ms)} ms")
    return y


def _draw_shares(
    drawing: Drawing, medians: Mapping[str, float], cpu: Mapping[str, float], y: float
) -> None:
    """Draw what the CPU time of the front and of the worker is spent on, by a profile."""
    drawing.text(10, y, "What the front and the worker spend it on, by a profile", bold=True)
    shares: dict[str, dict[str, float]] = {"front": {}, "worker": {}}
    for name, percent in medians.items():
        if found := _SHARE.fullmatch(name):
            shares[found["part"]][found["kind"]] = percent
    kinds = list(shares["front"])
    width = _WIDTH - _LEFT - _RIGHT
    for part, percents in shares.items():
        y += _ROW
        drawing.text(10, y, f"{part}, {readable(cpu[part])} ms")
        x: float = _LEFT
        for kind, percent in percents.items():
            drawing.bar(x, y - 11, percent / 100 * width, _BAR, COLOURS[kinds.index(kind)])
            x += percent / 100 * width
    _draw_legend(drawing, kinds, y + _ROW)


def _draw_legend(drawing: Drawing, kinds: Sequence[str], y: float) -> None:
    columns = 4
    for place, kind in enumerate(kinds):
        x = 10 + place % columns * (_WIDTH - 20) / columns
        line = y + place // columns * _ROW
        drawing.bar(x, line - 10, 12, 12, COLOURS[place])
        drawing.text(x + 18, line, kind)
