"""Runs the suite of the Elixir client, and reads from its output which calls were made."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

from shared.local.checkout import ROOT
from tests.integration.results import Results

# The operation of each function. The name of a test begins with those that it calls, up to a colon.
OPERATIONS = {
    "submit_job": "submitJob",
    "get_job": "getJob",
    "await_job": "getJob",
    "list_jobs": "listJobs",
    "cancel_job": "cancelJob",
    "retry_job": "retryJob",
    "list_callbacks": "listJobCallbacks",
    "redeliver_callback": "redeliverCallback",
    "stream_events": "streamJobEvents",
    "queues": "listQueues",
    "categorize": "categorizeItem",
    "categorize_item": "categorizeItem",
    "categorize_batch": "categorizeBatch",
    "extract_receipt": "extractReceipt",
    "extract_rich_receipt": "extractRichReceipt",
    "generate_embedding": "embedTexts",
    "generate_embeddings": "embedTexts",
    "generate_embeddings_batch": "embedTextsBatch",
    "health_check": "getReadiness",
    "service_health": "getHealthCheck",
}
# ExUnit names a test when it begins and when it has ended, and a failed one again with a number.
_ENDED = re.compile(r"\* test ([^*]+?) \([\d.]+ms\) \[L#\d+\]\s*$")
_FAILED = re.compile(r"^\s+\d+\) test (.+) \([\w.]+\)\s*$")
_INVALID = re.compile(r"\d+ invalid\b")


def run(env: Mapping[str, str]) -> tuple[Results, bool]:
    """Run the suite of the project in ELIXIR_PROJECT; return its results and whether all passed.

    That is the client itself by default, and may be one that has it with other libraries. A suite
    whose output names no call has not passed. Without mix there is one line, and a failure if
    REQUIRE_ALL_TESTS is set.
    """
    if not shutil.which("mix"):
        print("Elixir: left out, since mix is not installed: apt-get install elixir erlang-jiffy")  # noqa: T201
        return {}, not os.environ.get("REQUIRE_ALL_TESTS")
    with subprocess.Popen(
        ["mix", "test", "--include", "integration", "--trace"],
        cwd=ROOT / os.environ.get("ELIXIR_PROJECT", "clients/elixir"),
        env={**os.environ, **env, "MIX_ENV": "test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout or ():
            sys.stdout.write(line)
            lines.append(line)
    found = results(lines)
    return found, process.returncode == 0 and bool(found)


def results(lines: Iterable[str]) -> Results:
    """Return the results by operation from the output of `mix test --trace`."""
    text = list(lines)
    failed = {found[1] for line in text if (found := _FAILED.search(line))}
    invalid = any(map(_INVALID.search, text))
    by_operation: dict[str, list[bool]] = {}
    for line in text:
        if (found := _ENDED.search(line)) and ":" in found[1]:
            for operation in _called(found[1]):
                passed = not invalid and found[1] not in failed
                by_operation.setdefault(operation, []).append(passed)
    return by_operation


def _called(name: str) -> set[str]:
    """Return the operations that a test calls, by the functions at the beginning of its name."""
    words = re.findall(r"\w+", name.partition(":")[0])
    return {OPERATIONS[word] for word in words if word in OPERATIONS}
