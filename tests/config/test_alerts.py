"""Alert rules are valid, fire when they should, and say what to do."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.local.checkout import ROOT
from tests.config.promql import RULES

CONFIG = ROOT / "config/prometheus/prometheus.yml"
CASES = ROOT / "config/prometheus/tests/alerts.yml"

needs_promtool = pytest.mark.needs_program("promtool")


def alerts() -> list[dict[str, Any]]:
    """Return every alert rule."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@needs_promtool
@pytest.mark.slow
def test_prometheus_accepts_the_configuration_and_its_rules(tmp_path: Path) -> None:
    """The test changes nothing but the folder of the container."""
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.read_text().replace("/etc/prometheus", str(CONFIG.parent)))

    checked = _run("promtool", "check", "config", config)
    assert "rule files found" in checked
    assert "SUCCESS" in _run("promtool", "check", "rules", *RULES)


@needs_promtool
@pytest.mark.slow
def test_every_alert_fires_when_it_should_and_only_then() -> None:
    assert "SUCCESS" in _run("promtool", "test", "rules", CASES)


def test_every_alert_has_its_cases() -> None:
    """Each alert has a case in which it fires, and one in which it does not."""
    expected: dict[str, set[bool]] = {}
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for test in case["alert_rule_test"]:
            expected.setdefault(test["alertname"], set()).add(bool(test["exp_alerts"]))

    assert expected == {alert["alert"]: {True, False} for alert in alerts()}


def test_every_alert_says_what_to_do() -> None:
    """The runbook has a section for each alert, and no others.

    A section says what the alert means, names something to look at, and says when it ends.
    """
    runbook = (ROOT / "docs/runbook.md").read_text()
    sections = re.findall(r"^## (\w+)\n\n(.+?)(?=^## |\Z)", runbook, re.M | re.S)

    assert [name for name, _ in sections] == [alert["alert"] for alert in alerts()]
    for name, text in sections:
        meaning, *steps, end = text.strip().split("\n\n")
        assert re.fullmatch(r"\*[^*]+\.\*", meaning, re.S), name
        assert re.search(r"`[^`]+`|\*\*[^*]+\*\*|^- |\]\(", "\n".join(steps), re.M), name
        assert end.startswith("**It ends** once "), name
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
