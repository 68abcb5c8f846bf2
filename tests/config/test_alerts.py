"""Alert rules: right, fired when they should, and with somebody told what to do."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.local.stack import ROOT
from tests.config.promql import RULES

CONFIG = ROOT / "config/prometheus/prometheus.yml"
CASES = ROOT / "config/prometheus/tests/alerts.yml"


needs_promtool = pytest.mark.needs_program("promtool")


def alerts() -> list[dict[str, Any]]:
    """All of them."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@needs_promtool
def test_alert_rules_and_scrapes_are_what_prometheus_takes(tmp_path: Path) -> None:
    """The configuration with its rules, as it is in the container."""
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.read_text().replace("/etc/prometheus", str(CONFIG.parent)))

    checked = _run("promtool", "check", "config", config)
    assert "rule files found" in checked
    assert "SUCCESS" in _run("promtool", "check", "rules", *RULES)


@needs_promtool
def test_every_alert_fires_and_keeps_quiet() -> None:
    """In the cases that are written down for it."""
    assert "SUCCESS" in _run("promtool", "test", "rules", CASES)


def test_every_alert_has_its_cases() -> None:
    """One in which it fires, one in which all is well."""
    expected: dict[str, set[bool]] = {}
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for test in case["alert_rule_test"]:
            expected.setdefault(test["alertname"], set()).add(bool(test["exp_alerts"]))

    assert expected == {alert["alert"]: {True, False} for alert in alerts()}


def test_every_alert_tells_what_to_do() -> None:
    """In a section of the runbook, which has no others."""
    runbook = (ROOT / "docs/runbook.md").read_text()
    sections = re.findall(r"^## (\w+)$", runbook, re.M)

    assert sections == [alert["alert"] for alert in alerts()]
    for alert in alerts():
        assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
        assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in ("critical", "warning")


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
