"""The Collector's objects follow the schemas, and are where the service may send traces to."""

from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from tests.config.files import content
from tests.config.kubernetes.cluster import Object, build, container, of_kind
from tests.config.kubernetes.test_schemas import VERSIONS, problems

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collector(kubectl: Path) -> list[Object]:
    """The objects that `kubectl apply -k config/collector` makes."""
    return build(kubectl, ROOT / "config/collector")


def test_its_objects_follow_their_schemas(collector: list[Object]) -> None:
    """The network policies of the service allow their namespace."""
    assert {found["metadata"]["namespace"] for found in collector} == {"monitoring"}
    for found in collector:
        for version in VERSIONS:
            assert problems(found, version) == [], found["kind"]


def test_it_listens_where_its_configuration_says(collector: list[Object]) -> None:
    """Ports, files and variables of the pod are those of the configuration."""
    configuration = content("config/collector/collector.yaml")
    found = container(of_kind(collector, "Deployment")["collector"]["spec"]["template"])
    ports = {port["name"]: port["containerPort"] for port in found["ports"]}
    (files,) = of_kind(collector, "ConfigMap").values()
    service = of_kind(collector, "Service")["collector"]["spec"]

    protocols = configuration["receivers"]["otlp"]["protocols"]
    assert protocols["grpc"]["endpoint"].endswith(f":{ports['traces']}")
    assert protocols["http"]["endpoint"].endswith(f":{ports['logs']}")
    assert configuration["extensions"]["health_check"]["endpoint"].endswith(f":{ports['health']}")
    assert {port["targetPort"] for port in service["ports"]} == {"traces", "logs", "metrics"}
    # A later file replaces what an earlier one says.
    assert found["args"][0] == "--config=/etc/otelcol/collector.yaml"
    assert set(found["args"]) == {f"--config=/etc/otelcol/{name}" for name in files["data"]}
    assert found["env"][0]["name"] in files["data"]["application-insights.yaml"]
