"""Tidewave in a front with DEBUG: its five tools over MCP, and whom it refuses."""

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import block_until, free_port, running
from shared.store.models import Base
from tests.support.processes.running_system import System
from tests.support.runners import ITEM
from tests.support.telemetry.span_collector import Collector

TOKEN = "a-token-for-the-tests"
TIDEWAVE = f"/tidewave/{TOKEN}"
MCP = f"{TIDEWAVE}/mcp"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
# To Tidewave only 127.0.0.* is this machine.
FAR = httpx.HTTPTransport(local_address="127.1.2.3")
TOOLS = {"get_logs", "execute_sql_query", "project_eval", "get_source_location", "get_models"}
FAILED_TODAY = """
    SELECT id, error->>'code' AS error FROM jobs
    WHERE state = 'failed' AND finished_at >= current_date AND tenant_id = %s
"""


class Debugged:
    """A front with DEBUG, as an assistant sees it over MCP."""

    def __init__(self, url: str, log: Path) -> None:
        self.http = httpx.Client(base_url=url, timeout=40)
        self.log = log

    def rpc(self, method: str, **params: Any) -> dict[str, Any]:
        """Make one MCP call and return its result."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.http.post(MCP, json=request)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["result"]
        return result

    def tool(self, name: str, **arguments: Any) -> str:
        """Call a tool and return its text. Fails if the tool does."""
        result = self.rpc("tools/call", name=name, arguments=arguments)
        text: str = result["content"][0]["text"]
        assert not result.get("isError"), text
        return text

    def refusal(self, name: str, **arguments: Any) -> str:
        """Call a tool that should fail and return its text."""
        result = self.rpc("tools/call", name=name, arguments=arguments)
        assert result["isError"]
        text: str = result["content"][0]["text"]
        return text


def front(stack_: ExitStack, system: System, folder: Path, **env: str) -> Debugged:
    """Start another front of the system, with its temporary files in `folder`."""
    port, log = free_port(), folder / f"front-{uuid4().hex[:8]}.log"
    debug = {"DEBUG": "true", "TMPDIR": str(folder), "TIDEWAVE_TOKEN": TOKEN}
    settings = {**system.env, **debug, **env}
    stack_.enter_context(stack.front(settings, port, log))
    debugged = Debugged(f"http://127.0.0.1:{port}", log)
    stack_.callback(debugged.http.close)
    return debugged


@pytest.fixture(scope="module")
def debugged(system: System, folder: Path) -> Iterator[Debugged]:
    """A front that all tests without settings of their own share."""
    with ExitStack() as stack_:
        yield front(stack_, system, folder)


def test_tidewave_has_the_tools_of_the_specification(debugged: Debugged) -> None:
    """A client that connects can list them."""
    initialised = debugged.rpc("initialize", protocolVersion="2025-03-26")
    tools = {tool["name"] for tool in debugged.rpc("tools/list")["tools"]}

    assert initialised["protocolVersion"] == "2025-03-26"
    assert tools >= TOOLS


def test_tidewave_shows_recent_errors_from_the_logs(debugged: Debugged) -> None:
    """Each error is a line of JSON with every field, even for requests that no route answered."""
    tenant = uuid4().hex
    body = {"tenant_id": tenant, "feature": "categorization", "payload": ITEM}
    assert debugged.http.post("/api/v1/jobs", json=body).status_code == 202
    refused = debugged.http.get(MCP, headers={"Origin": "http://elsewhere"})
    assert refused.status_code == 403

    (queued,) = debugged.tool("get_logs", tail=10, grep=tenant).splitlines()
    line = json.loads(queued)
    assert (line["message"], line["logger"]) == ("job.queued", "api.submission.submissions")
    assert line["trace_id"]
    (warning,) = debugged.tool("get_logs", tail=1, grep='"level": "(warning|error)"').splitlines()
    assert json.loads(warning)["message"] == "tidewave.refused"


def test_tidewave_finds_failed_jobs_of_today_by_sql(debugged: Debugged, blank_png: bytes) -> None:
    """Queries that write are refused."""
    tenant = uuid4().hex
    answer = debugged.http.post(
        "/api/v1/receipts/extract", data={"tenant_id": tenant}, files={"file": blank_png}
    )
    assert answer.json()["error"] == "no_text_found"

    found = debugged.tool("execute_sql_query", query=FAILED_TODAY, arguments=[tenant])
    assert "'columns': ['id', 'error'], 'num_rows': 1" in found
    assert "'no_text_found')" in found
    for query in ("UPDATE jobs SET state = 'queued'", "DELETE FROM jobs"):
        assert "read-only transaction" in debugged.refusal("execute_sql_query", query=query)


def test_tidewave_evaluates_the_state_of_the_classifiers(debugged: Debugged) -> None:
    """The state is what the workers report, since a front has no classifier."""
    code = "from api.debugging.inspection import components\nresult = list(components().values())"
    evaluated = debugged.tool("project_eval", code=code)

    (worker,) = ast.literal_eval(evaluated)
    assert worker["classifier"]["status"] == "ok"
    assert worker["classifier"]["model"] == "all-MiniLM-L6-v2"
    assert worker["ocr"]["status"] == "ok"


def test_tidewave_stops_an_endless_evaluation(debugged: Debugged) -> None:
    """The time limit frees the thread of the front that evaluates."""
    code = "import time\nwhile True: time.sleep(0.1)"
    assert "timed out" in debugged.tool("project_eval", code=code, timeout=500)


def test_tidewave_knows_where_categorisation_is_defined(debugged: Debugged) -> None:
    """Definitions in the front and in the worker have a file and a line."""
    for reference, path, definition in (
        (
            "api.routes.categories.categorize_item",
            "api/routes/categories.py",
            "async def categorize_item(",
        ),
        (
            "worker.pipeline.meaning.similarity.SimilarityClassifier",
            "worker/pipeline/meaning/similarity.py",
            "class SimilarityClassifier",
        ),
    ):
        found, _, line = debugged.tool("get_source_location", reference=reference).rpartition(":")
        assert found == path
        # The source of a function begins with its decorator.
        source = (ROOT / path).read_text().splitlines()[int(line) - 1 :]
        assert definition in "\n".join(source[:2])


def test_tidewave_lists_the_models(debugged: Debugged) -> None:
    """Each model is shown with its file."""
    models = debugged.tool("get_models").splitlines()

    assert [model.partition(" at ")[0].removeprefix("* ") for model in models] == sorted(
        mapper.class_.__name__ for mapper in Base.registry.mappers
    )
    assert all(" at shared/store/models/" in model for model in models)


def test_the_calls_in_the_documentation_of_tidewave_work(debugged: Debugged) -> None:
    """The page shows all five tools. Its one DELETE is refused."""
    page = (ROOT / "docs/debugging.md").read_text()
    calls = re.findall(r"^\$ tool (\w+) '(.*)'$", page, re.MULTILINE)
    for name, arguments in calls:
        call = debugged.refusal if "DELETE" in arguments else debugged.tool
        assert call(name, **json.loads(arguments))

    assert {name for name, _ in calls} == TOOLS


def test_tidewave_is_not_part_of_the_interface(debugged: Debugged, collector: Collector) -> None:
    """Calls of Tidewave are neither in OpenAPI nor traced."""
    trace_id = uuid4().hex
    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    assert debugged.http.get(f"{TIDEWAVE}/config", headers=headers).status_code == 200
    answer = debugged.http.get("/api/v1/queues", headers=headers)
    block_until(lambda: bool(collector.trace(trace_id)), "The span of the other call", timeout=10)

    assert answer.headers["X-Trace-Id"] == trace_id
    assert not [span for span in collector.trace(trace_id) if "tidewave" in span.name.lower()]
    paths = debugged.http.get("/openapi.json").json()["paths"]
    assert not [path for path in paths if "tidewave" in path]


def test_tidewave_refuses_browsers_and_other_machines(debugged: Debugged) -> None:
    """Neither a web page in a browser nor another machine may run code in the front."""
    for headers in (
        {"Origin": "http://localhost:8000"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Host": "rebound.example.com"},
        {"Host": "api:8000"},
    ):
        assert debugged.http.post(MCP, json=PING, headers=headers).status_code == 403
    with httpx.Client(base_url=debugged.http.base_url, transport=FAR) as far:
        assert far.post(MCP, json=PING).status_code == 403


def test_tidewave_refuses_whoever_does_not_know_its_token(debugged: Debugged) -> None:
    """Other containers and users of the machine can reach the port, and a form can post to it."""
    for path in ("/tidewave/mcp", "/tidewave/config", "/tidewave", f"/tidewave/{TOKEN[:-1]}/mcp"):
        assert debugged.http.post(path, json=PING).status_code == 404
    form = {"Content-Type": "text/plain"}
    refused = debugged.http.post(MCP, content=json.dumps(PING), headers=form)
    assert refused.status_code == 415


def test_the_token_is_random_unless_it_is_set(system: System, tmp_path: Path) -> None:
    """Only the log has the URL, even where other machines are answered."""
    with ExitStack() as stack_:
        fronts = [
            front(stack_, system, tmp_path, TIDEWAVE_TOKEN="", **remote)
            for remote in ({}, {"TIDEWAVE_REMOTE": "true"})
        ]
        lines = [json.loads(line) for each in fronts for line in each.log.read_text().splitlines()]
        paths = [line["path"] for line in lines if line["message"] == "tidewave.installed"]
        assert len(set(paths)) == 2
        assert fronts[0].http.post(paths[0], json=PING).status_code == 200
        assert fronts[0].http.post(paths[1], json=PING).status_code == 404
        # A container needs this, since its callers have other addresses. Browsers stay refused.
        url = fronts[1].http.base_url
        far = stack_.enter_context(httpx.Client(base_url=url, transport=FAR))
        assert far.post(paths[1], json=PING).json()["result"] == {}
        browser = {"Origin": "http://localhost:8000"}
        assert far.post(paths[1], json=PING, headers=browser).status_code == 403


def test_tidewave_can_be_left_out(system: System, tmp_path: Path) -> None:
    """Tidewave needs DEBUG, which the system's own front lacks, and TIDEWAVE_ENABLED."""
    with ExitStack() as stack_:
        http = front(stack_, system, tmp_path, TIDEWAVE_ENABLED="false").http
        for url in (system.url, str(http.base_url)):
            for path in ("/tidewave", f"{TIDEWAVE}/config", MCP):
                assert http.post(httpx.URL(url).join(path)).status_code == 404


def test_a_front_without_tidewave_starts(system: System, tmp_path: Path) -> None:
    """Without the dev extra, one debug line says why Tidewave is missing."""
    log, port = tmp_path / "front.log", free_port()
    env = {**system.env, "DEBUG": "true", "LOG_LEVEL": "DEBUG", "PORT": str(port)}
    code = "import sys; sys.modules['tidewave'] = None; from api.process import main; main()"
    with running([sys.executable, "-c", code], env=env, log=log, cwd=ROOT) as process:
        block_until(lambda: "startup complete" in log.read_text(), "The front", process=process)
        assert httpx.get(f"http://127.0.0.1:{port}/tidewave").status_code == 404

    (line,) = [json.loads(text) for text in log.read_text().splitlines() if "tidewave" in text]
    assert (line["level"], line["message"]) == ("debug", "tidewave.absent")


async def test_tidewave_is_refused_in_production(system: System) -> None:
    """The process does not start and logs one sentence."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "api"],
        env={**os.environ, **system.env, "ENVIRONMENT": "production", "DEBUG": "true"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "")
    (sentence,) = done.stdout.splitlines()
    assert "DEBUG=true" in sentence
    assert "ENVIRONMENT=production" in sentence
