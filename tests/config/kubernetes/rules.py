"""Turns our rules of Prometheus into an object for the Prometheus operator."""

from typing import Any

import yaml

from shared.local.checkout import ROOT
from tests.config.promql import RULES

OBJECT = ROOT / "config/kubernetes/components/monitoring/rules.yaml"
NAMESPACE = "grocery-planner-ai"
_HEAD = """\
# The rules of config/prometheus/rules, written by bin/kubernetes-rules. The label `namespace` leads
# an alert to the AlertmanagerConfig of its namespace.
"""


def written_object() -> str:
    """Return the YAML of the PrometheusRule, in which each alert has a label for its namespace."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    for alert in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        alert["labels"]["namespace"] = NAMESPACE
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": NAMESPACE, "labels": {"app.kubernetes.io/name": NAMESPACE}},
        "spec": {"groups": groups},
    }
    return _HEAD + yaml.dump(rule, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as blocks, as people do."""


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)

if __name__ == "__main__":
    OBJECT.write_text(written_object())
