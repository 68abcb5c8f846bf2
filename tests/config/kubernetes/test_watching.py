"""The Prometheus operator gets what Compose has: the same jobs, rules and routes of alerts."""

import re

import pytest

from tests.config.files import content
from tests.config.kubernetes.cluster import DEPLOYMENTS, Object, of_kind, pods, selects

pytestmark = pytest.mark.slow


def test_prometheus_scrapes_every_pod_under_the_names_of_the_rules(large: list[Object]) -> None:
    """Rules and dashboards choose `job="api"` and `job="worker"`."""
    monitor = of_kind(large, "ServiceMonitor")["api"]["spec"]
    (endpoint,) = monitor["endpoints"]
    (service,) = of_kind(large, "Service").values()
    assert selects(monitor["selector"], service["metadata"]["labels"])
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}

    watched = of_kind(large, "PodMonitor")["worker"]["spec"]
    (pod_endpoint,) = watched["podMetricsEndpoints"]
    for name in DEPLOYMENTS[1:]:
        assert selects(watched["selector"], pods(large)[name]["metadata"]["labels"])
        ports = pods(large)[name]["spec"]["containers"][0]["ports"]
        assert pod_endpoint["port"] in {port["name"] for port in ports}
    named = {
        relabeling["replacement"]
        for scraped in (endpoint, pod_endpoint)
        for relabeling in scraped["relabelings"]
        if relabeling["targetLabel"] == "job"
    }
    jobs = {
        job["job_name"] for job in content("config/prometheus/prometheus.yml")["scrape_configs"]
    }
    assert named == {"api", "worker"}
    assert named <= jobs


def test_alerts_have_the_namespace_of_their_receivers(large: list[Object]) -> None:
    """The operator hides all other alerts from an AlertmanagerConfig."""
    (rule,) = of_kind(large, "PrometheusRule").values()
    (config,) = of_kind(large, "AlertmanagerConfig").values()
    rules = [found for group in rule["spec"]["groups"] for found in group["rules"]]
    named = {found["labels"]["namespace"] for found in rules if "alert" in found}

    assert named == {config["metadata"]["namespace"]}


def test_alerts_go_where_they_go_in_compose(large: list[Object]) -> None:
    """Routes, their times and the names of the receivers are the same."""
    (config,) = of_kind(large, "AlertmanagerConfig").values()
    ours, theirs = config["spec"], content("config/alertmanager/alertmanager.yml")

    assert timing(ours["route"]) == timing(theirs["route"])
    assert list(map(timing, ours["route"]["routes"])) == list(
        map(timing, theirs["route"]["routes"])
    )
    assert len(ours["inhibitRules"]) == len(theirs["inhibit_rules"])
    names = [[found["name"] for found in side["receivers"]] for side in (ours, theirs)]
    assert names[0] == names[1]


def timing(route: Object) -> Object:
    """Return a route without matchers and routes below it, with the names of Alertmanager."""
    named = {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): value
        for key, value in route.items()
    }
    return {key: value for key, value in named.items() if key not in ("routes", "matchers")}
