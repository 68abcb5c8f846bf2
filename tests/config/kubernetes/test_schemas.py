"""The built objects follow the published schemas, in which no field is unknown."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from jsonschema import Draft7Validator

from tests.config.kubernetes.cluster import Object, of_kind
from tests.config.kubernetes.rules import OBJECT, written_object

pytestmark = pytest.mark.slow

# The oldest version that knows each field of ours, and the newest whose schema is published.
VERSIONS = ("1.27", "1.37")
OPERATORS: dict[str, Any] = json.loads((Path(__file__).parent / "operators.json").read_text())


def problems(found: Object, version: str) -> list[str]:
    """Return what is wrong with an object."""
    if found["kind"] in OPERATORS:
        errors = Draft7Validator(OPERATORS[found["kind"]]).iter_errors(found)
        return [f"{error.json_path}: {error.message}" for error in errors]
    try:
        kubernetes_validate.validate(found, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{list(error.path)}: {error.message}"]
    return []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_follows_its_schema(overlays: dict[str, list[Object]], version: str) -> None:
    """Those that two overlays have in common are checked once."""
    small, large = overlays["small"], overlays["large"]
    every = [*large, *(found for found in small if found not in large)]
    wrong = {
        (found["kind"], found["metadata"]["name"]): problems(found, version) for found in every
    }

    assert {place: found for place, found in wrong.items() if found} == {}


def test_a_misspelt_field_is_found(large: list[Object]) -> None:
    """Kubernetes drops what it does not know, so that a probe would just not be there."""
    kinds = {found["kind"]: found for found in large if "spec" in found}
    assert OPERATORS.keys() - {"$comment"} <= kinds.keys()
    for kind, found in kinds.items():
        misspelt = {**found, "spec": {**found["spec"], "misspelt": 1}}
        assert problems(misspelt, VERSIONS[-1]), kind


def test_the_rules_are_those_of_prometheus() -> None:
    """The file is written by bin/kubernetes-rules and nobody else."""
    assert OBJECT.read_text() == written_object()


def test_no_secret_is_in_the_files(objects: list[Object]) -> None:
    """Secrets are made in the cluster, and only referred to here."""
    assert of_kind(objects, "Secret") == {}
