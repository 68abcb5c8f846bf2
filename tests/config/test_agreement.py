"""Files that name each other's hosts and ports agree."""

import re

from shared.contracts.features import Queue
from shared.settings import Settings
from tests.config.files import WORKERS, content, services

# The port of everything that has metrics.
LISTENS: dict[str, int] = {
    "api": Settings.model_fields["port"].default,
    **dict.fromkeys(WORKERS, Settings.model_fields["worker_port"].default),
    "elixir-app": 4000,
    "prometheus": 9090,
    "alertmanager": 9093,
    "tempo": 3200,
    "loki": 3100,
}


def test_prometheus_scrapes_whatever_has_metrics() -> None:
    """Prometheus scrapes nothing else, and finds our processes and the app by DNS."""
    fixed, looked_up = _targets()

    assert fixed | looked_up == LISTENS
    assert looked_up.keys() == {"api", "elixir-app", *WORKERS}
    assert LISTENS.keys() <= services().keys()


def _targets() -> tuple[dict[str, int], dict[str, int]]:
    """Return the scraped hosts and their ports: fixed ones, and names that are looked up by DNS."""
    fixed: dict[str, int] = {}
    looked_up: dict[str, int] = {}
    for job in content("config/prometheus/prometheus.yml")["scrape_configs"]:
        for group in job.get("static_configs", []):
            for host, _, port in (target.partition(":") for target in group["targets"]):
                fixed[host] = int(port)
        for lookup in job.get("dns_sd_configs", []):
            looked_up |= dict.fromkeys(lookup["names"], lookup["port"])
    return fixed, looked_up


def test_our_containers_listen_on_all_addresses_and_default_ports() -> None:
    """Nobody can reach a loopback address inside a container."""
    for name in ("api", *WORKERS):
        environment = services()[name]["environment"]
        assert environment["HOST"] == "0.0.0.0", name
        assert not {"PORT", "WORKER_PORT"} & environment.keys(), name


def test_every_queue_has_its_workers() -> None:
    """A queue that nobody serves only grows."""
    served = {services()[name]["environment"]["WORKER_QUEUES"] for name in WORKERS}

    assert served == {queue.value for queue in Queue}


def test_a_health_check_asks_where_the_service_listens() -> None:
    """A check of another port would call a service healthy that was never asked."""
    for name, service in services().items():
        asked = re.findall(r"http://127\.0\.0\.1:(\d+)/", str(service.get("healthcheck")))
        if name in {"api", *WORKERS, "prometheus"}:
            assert asked == [str(LISTENS[name])], name


def test_exemplars_of_all_series_open_their_traces() -> None:
    """The label is `trace_id` in our metrics, as in the logs, and `traceID` in Tempo's."""
    sources = content("config/grafana/provisioning/datasources/datasources.yaml")["datasources"]
    (prometheus,) = (source for source in sources if source["uid"] == "prometheus")
    links = prometheus["jsonData"]["exemplarTraceIdDestinations"]

    assert {link["name"]: link["datasourceUid"] for link in links} == {
        "trace_id": "tempo",
        "traceID": "tempo",
    }
    assert "--enable-feature=exemplar-storage" in services()["prometheus"]["command"]
