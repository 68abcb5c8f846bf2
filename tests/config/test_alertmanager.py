"""Alerts of a real Prometheus and a real Alertmanager reach the receiver of the stack."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from shared.local.checkout import ROOT
from shared.local.processes import free_port, running
from tests.config.files import content, services
from tests.support.waiting import wait_until

CONFIG = ROOT / "config/alertmanager/alertmanager.yml"
RECEIVER = ROOT / "config/alertmanager/receiver.py"

pytestmark = pytest.mark.slow


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[int]:
    """Port of the receiver, which writes alerts to `received`."""
    port = free_port()
    environment = {"PORT": str(port)}
    with running([sys.executable, RECEIVER], env=environment, log=tmp_path / "received") as process:
        yield port
    assert process.returncode == 0


@pytest.fixture
def alertmanager(receiver: int, tmp_path: Path) -> Iterator[str]:
    """URL of an Alertmanager with our configuration, but that it sends to this receiver at once."""
    text = CONFIG.read_text().replace("alert-receiver:9095", f"127.0.0.1:{receiver}")
    config = tmp_path / "alertmanager.yml"
    config.write_text(re.sub(r"group_(wait|interval): \w+", r"group_\1: 100ms", text))
    port = free_port()
    command = [
        *("prometheus-alertmanager", f"--config.file={config}", "--cluster.listen-address="),
        *(f"--storage.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
    ]
    with running(command, log=tmp_path / "alertmanager.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.needs_program("prometheus-alertmanager")
@pytest.mark.needs_program("amtool")
async def test_an_alert_that_an_operator_fires_arrives(alertmanager: str, tmp_path: Path) -> None:
    """The command is that of the documentation. A critical alert silences the warnings about it."""
    await wait_until(partial(_ready, alertmanager), "Alertmanager was ready")
    page = (ROOT / "docs/telemetry.md").read_text()
    (command,) = re.findall(r"exec alertmanager (amtool .*?[^\\])\n", page, re.S)
    _run("sh", "-c", command.replace("http://localhost:9093", alertmanager))

    await wait_until(lambda: len(_received(tmp_path)) == 1, "the alert arrived")
    (alert,) = _received(tmp_path)
    assert (alert["message"], alert["receiver"]) == ("alert.firing", "on-call")
    assert alert["labels"] == {"alertname": "TestAlert", "queue": "items", "severity": "critical"}
    assert alert["summary"] == "A test: nothing is wrong."

    other = ["queue=items", "severity=warning"], ["queue=receipts", "severity=warning"]
    for labels in other:
        _run("amtool", "alert", "add", "Late", *labels, f"--alertmanager.url={alertmanager}")
    await wait_until(lambda: len(_received(tmp_path)) == 2, "the other queue's warning arrived")
    assert _received(tmp_path)[1]["labels"]["queue"] == "receipts"


@pytest.mark.needs_program("prometheus-alertmanager")
@pytest.mark.needs_program("prometheus")
async def test_an_alert_that_a_rule_fires_arrives(alertmanager: str, tmp_path: Path) -> None:
    """Our rules find that nothing is scraped, and the notification says what to do."""
    rules = tmp_path / "alerts.yml"
    text = (ROOT / "config/prometheus/rules/alerts.yml").read_text()
    rules.write_text(re.sub(r"for: \w+", "for: 0s", text))
    ours: dict[str, Any] = content("config/prometheus/prometheus.yml")
    written = json.dumps(
        {
            "global": {"evaluation_interval": "500ms"},
            "rule_files": [str(rules)],
            "alerting": ours["alerting"],
        }
    )
    config = tmp_path / "prometheus.yml"
    config.write_text(written.replace("alertmanager:9093", alertmanager.removeprefix("http://")))
    command = [
        *("prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/metrics"),
        f"--web.listen-address=127.0.0.1:{free_port()}",
        # The first alert comes before Prometheus has looked for Alertmanagers, which takes it 5 s.
        "--rules.alert.resend-delay=500ms",
    ]
    with running(command, log=tmp_path / "prometheus.log"):
        await wait_until(lambda: bool(_received(tmp_path)), "the alert arrived", within=30)

    alert = _received(tmp_path)[0]
    assert (alert["labels"]["alertname"], alert["receiver"]) == ("ScrapeMissing", "on-call")
    assert alert["summary"].startswith("Prometheus finds no ")
    assert alert["runbook_url"] == "docs/runbook.md#scrapemissing"


async def test_the_receiver_refuses_what_is_no_notification(receiver: int, tmp_path: Path) -> None:
    """The receiver goes on afterwards, and writes nothing."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{receiver}") as http:
        await wait_until(partial(_ready, str(http.base_url)), "the receiver was ready")
        for body in ("", "{", "[]", '{"alerts": [1]}', '{"alerts": [{"labels": []}]}'):
            assert (await http.post("/operators", content=body)).status_code == 400, body
        assert (await http.post("/operators", content='{"alerts": []}')).status_code == 200
    assert _received(tmp_path) == []


@pytest.mark.needs_program("amtool")
def test_the_configuration_is_valid_and_of_the_stack() -> None:
    """Prometheus, Alertmanager and the receiver look for each other where they are."""
    _run("amtool", "check-config", str(CONFIG))
    hosts = set(re.findall(r"http://([\w-]+):9095/", CONFIG.read_text()))
    (known,) = content("config/prometheus/prometheus.yml")["alerting"]["alertmanagers"]

    assert hosts == {"alert-receiver"}
    assert services()["alert-receiver"]["command"] == ["python", "/receiver.py"]
    mounted = f"./{RECEIVER.relative_to(ROOT)}:/receiver.py:ro"
    assert services()["alert-receiver"]["volumes"] == [mounted]
    assert known == {"static_configs": [{"targets": ["alertmanager:9093"]}]}
    severities = {rule["labels"]["severity"] for rule in _rules()}
    assert severities == {"critical", "warning"}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _rules() -> list[dict[str, Any]]:
    text = (ROOT / "config/prometheus/rules/alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def _received(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "received").read_text().splitlines()]


async def _ready(url: str) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            await http.get(f"{url}/-/ready")
        except httpx.TransportError:
            return False
    return True
