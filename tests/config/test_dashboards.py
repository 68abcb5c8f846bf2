"""Dashboards are files that people edit: whether they say what they show, and of which data."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.local.stack import ROOT
from tests.config.promql import DASHBOARDS, MADE_BY_TEMPO, dashboard_queries, panels, selectors

SOURCES = ROOT / "config/grafana/provisioning/datasources/datasources.yaml"


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Each of them."""
    found: Path = request.param
    return found


@pytest.fixture
def board(path: Path) -> dict[str, Any]:
    """Its content."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_dashboard_is_found_by_its_name(path: Path, board: dict[str, Any]) -> None:
    """Its uid, which links and bin/dev-full use; formatted so that changes can be read."""
    assert board["uid"] == path.stem
    assert path.read_text() == json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def test_every_panel_of_a_dashboard_says_what_it_shows(board: dict[str, Any]) -> None:
    """In words, and in a unit."""
    for panel in panels(board):
        assert panel["title"]
        assert len(panel["description"]) > 10, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    titles = [panel["title"] for panel in panels(board)]
    assert len(titles) == len(set(titles))


def test_a_dashboard_asks_data_sources_that_are_there(board: dict[str, Any]) -> None:
    """By the uids of the provisioning, each query the source of its panel."""
    provisioned = {
        (source["type"], source["uid"])
        for source in yaml.safe_load(SOURCES.read_text())["datasources"]
    }
    for panel in panels(board):
        for place in (panel, *panel["targets"]):
            source = place["datasource"]
            assert (source["type"], source["uid"]) in provisioned, panel["title"]


def test_the_links_between_dashboards_lead_somewhere(board: dict[str, Any]) -> None:
    """To every one of them."""
    assert {link["url"] for link in board["links"]} == {f"/d/{path.stem}" for path in DASHBOARDS}


def test_latency_panels_have_exemplars() -> None:
    """A point of a histogram opens the trace behind it."""
    for path in DASHBOARDS:
        for panel in panels(json.loads(path.read_text())):
            for target in panel["targets"]:
                if "histogram_quantile" in target.get("expr", ""):
                    assert target["exemplar"], (path.stem, panel["title"])


def test_what_tempo_makes_is_asked_for_in_dashboards_only_where_it_is_said() -> None:
    """Nobody should look for these in our code."""
    for where, expression in dashboard_queries():
        if any(name.startswith(MADE_BY_TEMPO) for name in selectors(expression)):
            assert any(word in where for word in ("by service", "between services")), where


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('sum by (queue) (rate(a_total{x=~".*"}[5m]))', {'a_total{x=~".*"}'}),
        ('a - on (instance) group_left (b) c{d!="e f"} > 5', {"a", 'c{d!="e f"}'}),
        ("queue:a:max and deriv(queue:a:max[10m]) > 0", {"queue:a:max"}),
        ("time() - max(b_seconds > 0)", {"b_seconds"}),
        ('absent(up{job="api"}) or absent(up{job="w"})', {'up{job="api"}', 'up{job="w"}'}),
    ],
)
def test_selectors_of_dashboards_and_rules_are_found(expression: str, found: set[str]) -> None:
    """Or the live test would ask for less than they do."""
    assert selectors(expression) == found
