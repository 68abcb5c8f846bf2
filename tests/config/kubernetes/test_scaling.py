"""Workers are scaled by figures that exist, spread, and moved one by one."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.contracts.features import Queue
from tests.config.kubernetes.cluster import COMPONENT, DEPLOYMENTS, Object, of_kind, pods, selects
from tests.config.promql import labels, metrics
from tests.docs.pages import rows, section, text_of

pytestmark = pytest.mark.slow


def test_nobody_but_the_autoscaler_sets_the_number_of_workers(large: list[Object]) -> None:
    """A number in the files would be set again at each `kubectl apply`."""
    scaled = of_kind(large, "ScaledObject")
    fixed = {
        name: found["spec"]["replicas"]
        for name, found in of_kind(large, "Deployment").items()
        if "replicas" in found["spec"]
    }

    assert fixed == {"api": 3, "operate": 0}
    assert {found["spec"]["scaleTargetRef"]["name"] for found in scaled.values()} == set(
        DEPLOYMENTS[1:]
    )


def test_the_small_one_needs_no_operator(overlays: dict[str, list[Object]]) -> None:
    """Each of its Deployments has the one pod that Kubernetes gives it."""
    small = overlays["small"]
    groups = {found["apiVersion"].partition("/")[0] for found in small}
    fixed = {
        name for name, found in of_kind(small, "Deployment").items() if "replicas" in found["spec"]
    }

    assert groups == {"v1", "apps", "batch", "networking.k8s.io"}
    assert fixed == {"operate"}


async def test_the_autoscaler_asks_for_metrics_of_the_front(
    large: list[Object], http: httpx.AsyncClient
) -> None:
    """Each query has one series, that of the queue which the scaled workers serve."""
    families = text_string_to_metric_families((await http.get("/metrics")).text)
    exposed = {
        (sample.name, sample.labels.get("queue"))
        for family in families
        for sample in family.samples
    }
    for queue in Queue:
        triggers = of_kind(large, "ScaledObject")[f"worker-{queue.value}"]["spec"]["triggers"]
        queries = {trigger["name"]: trigger["metadata"]["query"] for trigger in triggers}
        assert {name: metrics(query) for name, query in queries.items()} == {
            "age": {"ai_queue_oldest_job_age_seconds"},
            "depth": {"ai_queue_depth"},
        }
        for query in queries.values():
            (metric,) = metrics(query)
            assert query.startswith("max by (queue) ")
            assert labels(query) == {"queue"}
            assert f'queue="{queue.value}"' in query
            assert (metric, queue.value) in exposed


def test_the_page_has_the_numbers_of_the_autoscaler(large: list[Object]) -> None:
    shown = {
        row[0].strip("`"): row[1:]
        for row in rows(section(text_of("docs/kubernetes.md"), "Scaling"))
    }
    for queue in Queue:
        spec = of_kind(large, "ScaledObject")[f"worker-{queue.value}"]["spec"]
        age, depth = (trigger["metadata"]["threshold"] for trigger in spec["triggers"])
        assert list(shown[queue.value]) == [
            f"{age} s that the oldest job has waited",
            f"{depth} jobs that wait",
            str(spec["minReplicaCount"]),
            str(spec["maxReplicaCount"]),
        ]
        assert spec["minReplicaCount"] < spec["fallback"]["replicas"] < spec["maxReplicaCount"]


def test_a_node_can_be_emptied(large: list[Object]) -> None:
    """One pod of each kind may go at any time, and another stays."""
    budgets = of_kind(large, "PodDisruptionBudget")
    assert budgets.keys() == set(DEPLOYMENTS)
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        chosen = [
            component
            for component, pod in pods(large).items()
            if selects(budget["spec"]["selector"], pod["metadata"]["labels"])
        ]
        assert chosen == [name]


def test_pods_of_one_kind_and_release_are_spread(large: list[Object]) -> None:
    """A rollout would otherwise count pods that are about to go."""
    for name in DEPLOYMENTS:
        constraints = pods(large)[name]["spec"]["topologySpreadConstraints"]
        assert [constraint["topologyKey"] for constraint in constraints] == [
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        ]
        for constraint in constraints:
            assert constraint["matchLabelKeys"] == [COMPONENT, "pod-template-hash"]
            assert selects(constraint["labelSelector"], pods(large)[name]["metadata"]["labels"])
