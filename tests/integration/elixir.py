"""Runs the suite of the Elixir client, which notes the operations that its tests call."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from shared.local.checkout import ROOT
from tests.integration.results import Results, read

# Our operation of each one that the client names in its telemetry.
OPERATIONS = {
    "submit_job": "submitJob",
    "submit_batch": "submitJobBatch",
    "get_jobs": "listJobs",
    "get_job": "getJob",
    "get_image": "getImage",
    "list_jobs": "listJobs",
    "cancel_job": "cancelJob",
    "retry_job": "retryJob",
    "list_callbacks": "listJobCallbacks",
    "redeliver_callback": "redeliverCallback",
    "stream_events": "streamJobEvents",
    "queues": "listQueues",
    "pause_queue": "pauseQueue",
    "resume_queue": "resumeQueue",
    "delete_tenant_data": "deleteTenantData",
    "categorize": "categorizeItem",
    "categorize_batch": "categorizeBatch",
    "extract_receipt": "extractReceipt",
    "extract_rich_receipt": "extractRichReceipt",
    "generate_embeddings": "embedTexts",
    "generate_embeddings_batch": "embedTextsBatch",
    "health_check": "getReadiness",
    "service_health": "getHealthCheck",
}


def run(env: Mapping[str, str], results: Path) -> tuple[Results, bool]:
    """Run the suite of the project in ELIXIR_PROJECT; return its results and whether all passed.

    That is the client itself by default, and may be one that has it with other libraries. The suite
    writes the file `results`; one that names no call there has not passed. Without mix there is one
    line, and a failure if REQUIRE_ALL_TESTS is set.
    """
    if not shutil.which("mix"):
        print("Elixir: left out, since mix is not installed: apt-get install elixir erlang-jiffy")  # noqa: T201
        return {}, not os.environ.get("REQUIRE_ALL_TESTS")
    done = subprocess.run(
        ["mix", "test", "--include", "integration", "--trace"],
        cwd=ROOT / os.environ.get("ELIXIR_PROJECT", "clients/elixir"),
        env={**os.environ, **env, "MIX_ENV": "test", "INTEGRATION_RESULTS": str(results)},
        check=False,
    )
    found: dict[str, list[bool]] = {}
    for name, passed in read(results).items():
        found.setdefault(OPERATIONS[name], []).extend(passed)
    return found, done.returncode == 0 and bool(found)
