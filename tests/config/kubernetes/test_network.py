"""Network policies open the ports that the pods and their servers have, and nothing else."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.config.files import content, services
from tests.config.kubernetes.cluster import (
    DEPLOYMENTS,
    Object,
    container,
    literal_env,
    of_kind,
    pods,
    selects,
)

pytestmark = pytest.mark.slow

Ports = set[str | int]


def opened(objects: list[Object], component: str, direction: str) -> Ports:
    """Return the ports that the policies open for a pod; `direction` is `ingress` or `egress`."""
    labels = pods(objects)[component]["metadata"]["labels"]
    rules = [
        rule
        for policy in of_kind(objects, "NetworkPolicy").values()
        if selects(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get(direction, ())
    ]
    # A rule without ports opens all of them.
    assert all("ports" in rule for rule in rules)
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_everything_is_closed_at_first(objects: list[Object]) -> None:
    spec = of_kind(objects, "NetworkPolicy")["default-deny"]["spec"]

    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_policy_covers_the_directions_that_it_has_rules_for(objects: list[Object]) -> None:
    """Rules of a direction that `policyTypes` leaves out are not heeded."""
    for name, policy in of_kind(objects, "NetworkPolicy").items():
        spec = policy["spec"]
        assert {"ingress", "egress"} & spec.keys() <= {
            direction.lower() for direction in spec["policyTypes"]
        }, name


def test_pods_are_reached_at_ports_that_they_have(objects: list[Object]) -> None:
    """Callers reach the front alone, Prometheus all, and always from namespaces that are named."""
    for name in DEPLOYMENTS:
        own = {port["name"] for port in container(pods(objects)[name])["ports"]}
        assert opened(objects, name, "ingress") & own == own, name
    assert opened(objects, "migrate", "ingress") == set()
    for policy in of_kind(objects, "NetworkPolicy").values():
        assert all(rule["from"] for rule in policy["spec"].get("ingress", ()))


def test_the_service_leads_to_the_front(objects: list[Object]) -> None:
    """Callers have the address that they have in Compose, `http://api:8000`."""
    (service,) = of_kind(objects, "Service").values()
    (port,) = service["spec"]["ports"]
    chosen = [
        name
        for name, pod in pods(objects).items()
        if selects({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])
    ]

    assert (service["metadata"]["name"], chosen) == ("api", ["api"])
    assert {"name": port["targetPort"], "containerPort": port["port"]} in container(
        pods(objects)["api"]
    )["ports"]


def test_pods_reach_their_servers(objects: list[Object]) -> None:
    """The ports of the servers are those of Compose, and the collector's those of its file."""
    environment: dict[str, Any] = services()["api"]["environment"]
    servers = {urlsplit(environment[key]).port for key in ("DATABASE_URL", "REDIS_URL")}
    protocols = content("config/collector/collector.yaml")["receivers"]["otlp"]["protocols"]
    collector = {int(listens["endpoint"].rpartition(":")[2]) for listens in protocols.values()}
    bucket = {443} if "IMAGE_STORE" in literal_env(objects, "api") else set()
    # Whoever looks up no names reaches nothing.
    every = servers | {53}

    assert opened(objects, "migrate", "egress") == every
    assert opened(objects, "operate", "egress") == every | bucket
    assert opened(objects, "api", "egress") == every | collector | bucket
    for name in DEPLOYMENTS[1:]:
        # 443 is where the receivers of callbacks are, too.
        assert opened(objects, name, "egress") == every | {443} | collector
