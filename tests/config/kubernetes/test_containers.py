"""What every container names is there: its command, image, ports, probes, settings and secrets."""

import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.local.checkout import ROOT
from shared.settings import Settings
from tests.config.files import services
from tests.config.kubernetes.cluster import (
    DEPLOYMENTS,
    FOLDER,
    Object,
    build,
    container,
    literal_env,
    of_kind,
    pods,
    secrets,
)
from tests.docs.pages import codes, rows, section, text_of
from tests.support.runners import dairy, worker_with

pytestmark = pytest.mark.slow

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
PAGE = "docs/kubernetes.md"
SERVERS = {"DATABASE_URL": "postgresql://u:p@db/d", "REDIS_URL": "redis://redis/0"}


def settings_of(objects: list[Object], component: str) -> Settings:
    """Return the settings that a pod starts with, as its process reads them."""
    given: dict[str, Any] = SERVERS | literal_env(objects, component)
    return Settings(**{name.lower(): value for name, value in given.items()})


def test_commands_are_those_of_compose(objects: list[Object]) -> None:
    """Compose has a reloader around some of them."""
    in_compose = {
        name: re.sub(r"/usr/local/bin/reload\.py (\w+)", r"-m \1", " ".join(service["command"]))
        for name, service in services().items()
        if name in (*DEPLOYMENTS, "migrate")
    }

    ours = {name: " ".join(container(pod)["args"]) for name, pod in pods(objects).items()}
    # Operators run grocery-ai in this one.
    assert ours.pop("operate") == "sleep infinity"
    assert ours == in_compose


def test_every_container_has_the_image_of_the_release(objects: list[Object]) -> None:
    """The name ends as that of Compose's image, and a tag says which release it is."""
    (image,) = {container(pod)["image"] for pod in pods(objects).values()}
    name, _, tag = image.rpartition("/")[2].partition(":")

    assert name == services()["api"]["image"].partition(":")[0]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)
    assert of_kind(objects, "Job").keys() == {f"migrate-{tag}"}


def test_variables_are_settings_and_accepted(objects: list[Object]) -> None:
    """A misspelt name would be ignored, and a refused value would stop the process."""
    others = rows(text_of("docs/settings.md").partition("## Other environment variables")[2])
    known = {name.upper() for name in Settings.model_fields} | {
        name for row in others for name in codes(row[0])
    }
    for name, pod in pods(objects).items():
        named = {entry["name"] for entry in container(pod)["env"]}
        assert named | literal_env(objects, name).keys() <= known, name
    for name in DEPLOYMENTS:
        settings = settings_of(objects, name)
        assert (settings.environment, settings.needs_tokens) == ("production", True), name
        assert (settings.host, settings.log_format) == ("0.0.0.0", "json"), name
    queues = [settings_of(objects, name).worker_queues for name in DEPLOYMENTS[1:]]
    assert [list(map(str, served)) for served in queues] == [["receipts"], ["items"]]


def test_probes_ask_the_port_of_the_settings(objects: list[Object]) -> None:
    for name in DEPLOYMENTS:
        found, settings = container(pods(objects)[name]), settings_of(objects, name)
        ports = {entry["name"]: entry["containerPort"] for entry in found["ports"]}
        own = settings.port if name == "api" else settings.worker_port

        assert {ports[found[probe]["httpGet"]["port"]] for probe in PROBES} == {own}


async def test_probes_ask_what_answers(
    objects: list[Object], settings: Settings, http: httpx.AsyncClient
) -> None:
    """Each probe asks a path of the running front or worker."""
    async with worker_with(settings, dairy) as state, httpx.AsyncClient() as of_worker:
        of_worker.base_url = state.url
        for name in DEPLOYMENTS:
            client = http if name == "api" else of_worker
            found = container(pods(objects)[name])
            paths = [found[probe]["httpGet"]["path"] for probe in PROBES]

            assert paths == ["/health/live", "/health/live", "/health/ready"]
            assert [(await client.get(path)).status_code for path in paths] == [200] * 3


def test_a_stopping_pod_has_the_time_that_it_needs(objects: list[Object]) -> None:
    """The sums are those of docs/stack.md."""
    page = text_of("docs/stack.md")
    for sum_ in ("`DRAIN_DELAY` + 20", "`SHUTDOWN_GRACE` + 10"):
        assert sum_ in page
    for name in DEPLOYMENTS:
        settings = settings_of(objects, name)
        needed = settings.drain_delay + 20 if name == "api" else settings.shutdown_grace + 10
        assert pods(objects)[name]["spec"]["terminationGracePeriodSeconds"] >= needed, name


def test_probes_give_up_after_the_service_does(objects: list[Object]) -> None:
    """A draining front is seen before it stops, and a stalled worker only once it is stalled."""
    for name in DEPLOYMENTS:
        settings = settings_of(objects, name)
        found = container(pods(objects)[name])
        for probe in PROBES:
            assert found[probe]["timeoutSeconds"] > settings.probe_patience, (name, probe)
        ready = found["readinessProbe"]
        noticed = ready["periodSeconds"] * ready["failureThreshold"]
        assert name != "api" or noticed < settings.drain_delay


def test_slots_have_their_cores_and_memory(objects: list[Object]) -> None:
    """A receipt slot needs a core and up to 0.7 GB; no pod takes more memory than it asks for."""
    for name, pod in pods(objects).items():
        resources = container(pod)["resources"]
        assert resources["limits"] == {"memory": resources["requests"]["memory"]}, name
    receipts = container(pods(objects)["worker-receipts"])["resources"]["requests"]
    slots = settings_of(objects, "worker-receipts").receipt_slots

    assert int(receipts["cpu"]) == slots
    assert int(receipts["memory"].removesuffix("Gi")) * 2**30 > slots * 700_000_000


def test_the_page_says_what_each_pod_asks_for(objects: list[Object]) -> None:
    """Somebody pays for it."""
    table = {
        row[0].strip("`"): list(row[1:])
        for row in rows(section(text_of(PAGE), "What a pod may do"))
    }
    for name, pod in pods(objects).items():
        asked = container(pod)["resources"]["requests"]
        cores = float(asked["cpu"].removesuffix("m")) / (1000 if "m" in asked["cpu"] else 1)
        assert table[name] == [f"{cores:g}", re.sub(r"([MG]i)$", r" \1B", asked["memory"])]


def test_every_secret_is_described(objects: list[Object]) -> None:
    """Whoever installs the service has to make every Secret that the files name."""
    described = {(row[0].strip("`"), row[1].strip("`")) for row in rows(text_of(PAGE))}

    assert set(secrets(objects)) <= described


def test_pods_have_as_few_rights_as_can_be(objects: list[Object]) -> None:
    """The user is that of the image, and only mounted folders are written to."""
    (user,) = re.findall(r"useradd --uid (\d+)", (ROOT / "config/Dockerfile").read_text())
    for name, pod in pods(objects).items():
        spec, found = pod["spec"], container(pod)
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": int(user),
            "runAsGroup": int(user),
            "seccompProfile": {"type": "RuntimeDefault"},
        }, name
        assert found["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)
        assert spec["serviceAccountName"] in of_kind(objects, "ServiceAccount")
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert {mount["name"] for mount in found["volumeMounts"]} == volumes.keys()
        writable = {m["mountPath"] for m in found["volumeMounts"] if not m.get("readOnly")}
        assert writable == {"/tmp"}  # noqa: S108 (a path in the container)


def test_another_setting_replaces_pods_and_another_release_the_job(
    kubectl: Path, tmp_path: Path, overlays: dict[str, list[Object]]
) -> None:
    """A Job cannot be changed, so a setting must not reach it, and a release needs a new one."""
    copy = tmp_path / "kubernetes"
    shutil.copytree(FOLDER, copy)
    edit(copy / "base/settings.env", "RECEIPT_SLOTS=2", "RECEIPT_SLOTS=3")
    changed = build(kubectl, copy / "overlays/small")
    before, after = pods(overlays["small"]), pods(changed)
    assert {name for name in before if before[name] != after[name]} == {
        *DEPLOYMENTS,
        "operate",
    }

    edit(copy / "components/release/kustomization.yaml", "newTag: ", "newTag: 9")
    released = build(kubectl, copy / "overlays/small")
    assert of_kind(released, "Job").keys() != of_kind(changed, "Job").keys()


def test_a_release_may_be_named_by_its_digest(kubectl: Path, tmp_path: Path) -> None:
    """Pods run what was verified, and the Job keeps a name that Kubernetes accepts."""
    copy = tmp_path / "kubernetes"
    shutil.copytree(FOLDER, copy)
    digest = f"sha256:{'a' * 64}"
    release = copy / "components/release/kustomization.yaml"
    edit(release, "    # digest: sha256:…, beside the tag,", f"    digest: {digest}\n    # It")
    released = build(kubectl, copy / "overlays/small")

    (image,) = {container(pod)["image"] for pod in pods(released).values()}
    tag, _, rest = image.rpartition("/")[2].partition(":")[2].partition("@")
    assert rest == digest
    assert of_kind(released, "Job").keys() == {f"migrate-{tag}"}


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which has to be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
