"""Dashboards, which people edit by hand, say what they show and query data that exists."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.routing import APIRoute

from api.console.pages import failures, jobs, overview, queues, workers
from shared.local.checkout import ROOT
from tests.config.promql import (
    DASHBOARDS,
    MADE_BY_APP,
    MADE_BY_TEMPO,
    dashboard_queries,
    is_ours,
    labels,
    metrics,
    panels,
    rule_queries,
    selectors,
)

CONSOLE_PAGES = {
    f"/console{route.path}"
    for page in (failures, jobs, overview, queues, workers)
    for route in page.router.routes
    if isinstance(route, APIRoute)
}
SOURCES = ROOT / "config/grafana/provisioning/datasources/datasources.yaml"


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Path of each dashboard in turn."""
    found: Path = request.param
    return found


@pytest.fixture
def board(path: Path) -> dict[str, Any]:
    """Content of the dashboard at `path`."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_the_uid_of_a_dashboard_is_the_name_of_its_file(path: Path, board: dict[str, Any]) -> None:
    """Links and bin/dev-full use the uid. The file is formatted so that changes can be read."""
    assert board["uid"] == path.stem
    assert path.read_text() == json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def test_every_panel_of_a_dashboard_says_what_it_shows(board: dict[str, Any]) -> None:
    """Each panel has a title of its own, a description and a unit."""
    for panel in panels(board):
        assert panel["title"]
        assert len(panel["description"]) > 10, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    titles = [panel["title"] for panel in panels(board)]
    assert len(titles) == len(set(titles))


def test_a_dashboard_uses_provisioned_data_sources(board: dict[str, Any]) -> None:
    provisioned = {
        (source["type"], source["uid"])
        for source in yaml.safe_load(SOURCES.read_text())["datasources"]
    }
    for panel in panels(board):
        for place in (panel, *panel["targets"]):
            source = place["datasource"]
            assert (source["type"], source["uid"]) in provisioned, panel["title"]


def test_a_dashboard_links_to_every_dashboard_and_to_the_console(board: dict[str, Any]) -> None:
    """The variable says where the console is; links of panels use pages that it has."""
    boards = {f"/d/{path.stem}" for path in DASHBOARDS}
    assert {link["url"] for link in board["links"]} == boards | {"${console}"}
    assert "console" in {variable["name"] for variable in board["templating"]["list"]}

    pages = {f"/console{path}" for path in re.findall(r"\$\{console\}([/\w]*)", json.dumps(board))}
    assert pages <= CONSOLE_PAGES


def test_latency_panels_have_exemplars() -> None:
    """A point of a latency graph opens the trace of a job. PromEx writes no exemplars."""
    for path in DASHBOARDS:
        for panel in panels(json.loads(path.read_text())):
            for target in panel["targets"]:
                if "histogram_quantile" in target.get("expr", ""):
                    of_app = metrics(target["expr"]) <= MADE_BY_APP.keys()
                    assert target.get("exemplar", False) != of_app, (path.stem, panel["title"])


def test_only_panels_that_say_so_use_metrics_of_tempo() -> None:
    """Nobody should look for these metrics in our code."""
    for where, expression in dashboard_queries():
        if any(name.startswith(MADE_BY_TEMPO) for name in selectors(expression)):
            assert any(word in where for word in ("by service", "between services")), where


def test_the_row_of_the_app_has_all_metrics_of_the_app() -> None:
    """Each of its panels says why it may be empty, and no rule waits for what may not exist."""
    board = json.loads((ROOT / "config/grafana/dashboards/service-overview.json").read_text())
    (row,) = (panel["panels"] for panel in board["panels"] if panel["title"].startswith("The app"))
    places = {f"{board['uid']}: {panel['title']}" for panel in row}
    used = {where: metrics(expression) for where, expression in dashboard_queries()}

    assert {where for where, names in used.items() if names & MADE_BY_APP.keys()} == places
    assert set().union(*(used[where] for where in places)) == MADE_BY_APP.keys()
    assert not any(metrics(expression) & MADE_BY_APP.keys() for _, expression in rule_queries())
    for panel in row:
        assert "Empty without the app; docs/integrating.md" in panel["description"], panel["title"]


def test_queries_of_the_app_use_labels_that_its_metrics_have() -> None:
    for where, expression in dashboard_queries():
        for name in metrics(expression) & MADE_BY_APP.keys():
            assert labels(expression) <= MADE_BY_APP[name], (where, name)


def test_a_metric_of_the_app_is_known_by_its_whole_name() -> None:
    """A misspelt one is looked for among ours, and missed."""
    assert not is_ours('oban_queue_length_count{state="available"}')
    assert is_ours('oban_queue_lengths_count{state="available"}')
    assert is_ours("ai_queue_depth")


def test_a_span_leads_to_the_log_lines_of_the_app_too() -> None:
    """The names of our services and of the app begin alike."""
    sources = {
        source["uid"]: source for source in yaml.safe_load(SOURCES.read_text())["datasources"]
    }
    board = json.loads((ROOT / "config/grafana/dashboards/trace-explorer.json").read_text())
    (lines,) = (panel for panel in panels(board) if panel["type"] == "logs")

    for query in (
        sources["tempo"]["jsonData"]["tracesToLogsV2"]["query"],
        lines["targets"][0]["expr"],
    ):
        (pattern,) = re.findall(r'service_name=~"([^"]*)"', query)
        for name in ("grocery-planner", "grocery-planner-ai", "grocery-planner-ai-worker"):
            assert re.fullmatch(pattern, name), (query, name)


def test_tables_of_traces_show_what_their_titles_say() -> None:
    """Tempo stops at the first traces that match, in any order, unless it is asked for the newest.

    The data source knows the unit of each column: milliseconds for a trace, nanoseconds for a span.
    """
    board = json.loads((ROOT / "config/grafana/dashboards/trace-explorer.json").read_text())
    tables = {panel["title"]: panel for panel in panels(board) if panel["type"] == "table"}
    order = {"Traces": "Start time", "Traces with errors": "Start time", "Receipts": "Duration"}

    assert tables.keys() == order.keys()
    for title, table in tables.items():
        (target,) = table["targets"]
        assert target["query"].endswith(" with (most_recent=true)"), title
        assert target["tableType"] == ("spans" if title == "Receipts" else "traces")
        assert table["options"]["sortBy"] == [{"displayName": order[title], "desc": True}], title
        assert table["fieldConfig"]["defaults"]["unit"] == "none", title


def test_no_trace_id_asks_for_no_trace_and_no_log_lines() -> None:
    """A closed row asks nothing. Without an id, an open one must not show lines of no trace."""
    board = json.loads((ROOT / "config/grafana/dashboards/trace-explorer.json").read_text())
    (row,) = (panel for panel in board["panels"] if panel["type"] == "row")
    inside = {panel["title"] for panel in row["panels"]}
    using = {
        panel["title"] for panel in panels(board) if "$trace_id" in json.dumps(panel["targets"])
    }

    assert row["collapsed"]
    assert using == inside == {"Waterfall", "Its log lines"}
    (lines,) = (panel for panel in row["panels"] if panel["type"] == "logs")
    assert '| trace_id!="" |' in lines["targets"][0]["expr"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('sum by (le, queue) (rate(a{x="y", z!~"w"}[5m]))', {"le", "queue", "x", "z"}),
        ("sum(rate(a[5m]))", set()),
    ],
)
def test_labels_of_dashboards_are_found(expression: str, found: set[str]) -> None:
    """A query by a label that is not found could use one that no metric has."""
    assert labels(expression) == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('sum by (queue) (rate(a_total{x=~".*"}[5m]))', {'a_total{x=~".*"}'}),
        ('a - on (instance) group_left (b) c{d!="e f"} > 5', {"a", 'c{d!="e f"}'}),
        ("queue:a:max and deriv(queue:a:max[10m]) > 0", {"queue:a:max"}),
        ("time() - max(b_seconds > 0)", {"b_seconds"}),
        ('label_replace(vector(0), "a", "b", "", "") or on () c', {"c"}),
        ('absent(up{job="api"}) or absent(up{job="w"})', {'up{job="api"}', 'up{job="w"}'}),
    ],
)
def test_selectors_of_dashboards_and_rules_are_found(expression: str, found: set[str]) -> None:
    """The live test would miss metrics whose selectors are not found."""
    assert selectors(expression) == found
