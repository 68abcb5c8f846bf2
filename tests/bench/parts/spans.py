"""When the spans of many alike jobs begin and end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.support.telemetry.span_collector import Span

# The first jobs wait for connections. A span that fewer of the others have than this share is not
# part of the way of every job.
_WARM_UP = 3
_SHARE = 0.8


@dataclass(frozen=True)
class Timed:
    """A span in milliseconds after the start of its request, and how long it takes: medians."""

    begin: float
    took: float


def timed_spans(spans: Sequence[Span]) -> Mapping[str, Timed]:
    """Return the spans that nearly all traces have, in the order in which they begin.

    Their names begin with the part that sent them. Spans of the same name in a trace are numbered.
    """
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda each: each.start):
        traces[span.trace_id].append(span)
    whole = [trace for trace in traces.values() if trace[0].kind == "SERVER"][_WARM_UP:]
    found: dict[str, list[Timed]] = defaultdict(list)
    for trace in whole:
        for name, timed in _timed(trace):
            found[name].append(timed)
    medians = {
        name: Timed(median(each.begin for each in times), median(each.took for each in times))
        for name, times in found.items()
        if len(times) >= _SHARE * len(whole)
    }
    return dict(sorted(medians.items(), key=lambda item: item[1].begin))


def _timed(trace: Sequence[Span]) -> Iterator[tuple[str, Timed]]:
    """Yield the name and the times of each span of a trace that begins with the request."""
    seen: Counter[str] = Counter()
    for span in trace:
        part = "worker" if span.service.endswith("worker") else "front"
        name = f"{part}: {span.name}"
        seen[name] += 1
        numbered = f"{name} ({seen[name]})" if seen[name] > 1 else name
        yield numbered, Timed((span.start - trace[0].start) / 1e6, (span.end - span.start) / 1e6)
