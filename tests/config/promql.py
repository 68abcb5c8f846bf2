"""Finds what our dashboards and rules ask Prometheus for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from shared.local.checkout import ROOT

DASHBOARDS = sorted((ROOT / "config/grafana/dashboards").glob("*.json"))
RULES = sorted((ROOT / "config/prometheus/rules").glob("*.yml"))

# Tempo makes these metrics from spans; no process of ours has them.
MADE_BY_TEMPO = ("traces_spanmetrics_", "traces_service_graph_")

# Prometheus makes these metrics from its alert rules, while one is pending or fires.
MADE_BY_RULES = {"ALERTS", "ALERTS_FOR_STATE"}

# PromEx makes these metrics in the Phoenix app, with these labels, if it is set up as
# docs/integrating.md says. The source is lib/prom_ex/plugins/oban.ex and phoenix.ex of PromEx: a
# name is `metric_prefix` and the parts after it joined by `_`, a `distribution` is a histogram, and
# the labels are the `tags`.
_OBAN_ENDED = {"name", "queue", "state", "worker"}
_OBAN_FAILED = _OBAN_ENDED | {"kind", "error"}
_PHOENIX_HTTP = {"status", "method", "path", "controller", "action"}
MADE_BY_APP = {
    "oban_queue_length_count": {"name", "queue", "state"},
    "oban_job_processing_duration_milliseconds_bucket": _OBAN_ENDED | {"le"},
    "oban_job_processing_duration_milliseconds_count": _OBAN_ENDED,
    "oban_job_queue_time_milliseconds_bucket": _OBAN_ENDED | {"le"},
    "oban_job_exception_duration_milliseconds_bucket": _OBAN_FAILED | {"le"},
    "oban_job_exception_duration_milliseconds_count": _OBAN_FAILED,
    "oban_job_exception_queue_time_milliseconds_bucket": _OBAN_FAILED | {"le"},
    "phoenix_http_requests_total": _PHOENIX_HTTP,
    "phoenix_http_request_duration_milliseconds_bucket": _PHOENIX_HTTP | {"le"},
}

_CLAUSES = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_ARGUMENTS = re.compile(r'(?<=[(,])\s*"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?\s*(\()?")
_GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")
_MATCHED = re.compile(r"[{,]\s*(\w+)\s*[=!]")
_WORDS = {"and", "or", "unless", "bool", "offset"}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, those of closed rows too, without the rows themselves."""
    every = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", ()))]
    return [panel for panel in every if panel["type"] != "row"]


def dashboard_queries(window: str = "10s") -> Iterator[tuple[str, str]]:
    """Yield the place of each query of a dashboard, and its PromQL with variables filled in.

    `window` is what Grafana's variable for the range of a rate becomes.
    """
    variables = {"$__rate_interval": window, "$queue": ".*"}
    for path in DASHBOARDS:
        for panel in panels(json.loads(path.read_text())):
            for target in panel["targets"]:
                if target["datasource"]["type"] == "prometheus":
                    yield f"{path.stem}: {panel['title']}", _filled_in(target["expr"], variables)


def _filled_in(expression: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        expression = expression.replace(name, value)
    return expression


def rule_queries() -> Iterator[tuple[str, str]]:
    """Yield the name and the PromQL of each recording rule and alert rule."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert") or rule["record"], rule["expr"]


def selectors(expression: str) -> set[str]:
    """Return the vector selectors of an expression without ranges: `metric{label="value"}`."""
    found = set()
    for name, matchers, call in _SELECTOR.findall(_without_clauses(expression)):
        if not call and name not in _WORDS and not re.fullmatch(r"\d.*|[smhd]", name):
            found.add(name + matchers)
    return found


def _without_clauses(expression: str) -> str:
    """Remove ranges, grouping clauses and arguments that are text: their words are not metrics."""
    without_ranges = re.sub(r"\[[^\]]*\]", "", _ARGUMENTS.sub("", expression))
    return _CLAUSES.sub("", without_ranges)


def labels(expression: str) -> set[str]:
    """Return the labels that an expression compares or groups by."""
    grouped = {name.strip() for names in _GROUPED.findall(expression) for name in names.split(",")}
    return grouped | set(_MATCHED.findall(expression))


def metrics(expression: str) -> set[str]:
    """Return the names of the metrics of an expression."""
    return {selector.partition("{")[0] for selector in selectors(expression)}


def is_ours(selector: str) -> bool:
    """Return whether our processes have to have the metric, because nobody else makes it."""
    elsewhere = MADE_BY_APP.keys() | MADE_BY_RULES
    return not selector.startswith(MADE_BY_TEMPO) and not metrics(selector) <= elsewhere
