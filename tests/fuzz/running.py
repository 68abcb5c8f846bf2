"""Runs schemathesis against a front."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_WITHOUT_TOKENS = ["--exclude-checks", "ignored_auth"]


@dataclass(frozen=True)
class Fuzzing:
    """What came of it: the number of requests, whether every answer was right, and the report."""

    requests: int
    passed: bool
    report: str


def fuzz(
    url: str, *, token: str | None, examples: int, seed: int, calls: Sequence[str] = ()
) -> Fuzzing:
    """Send made-up requests to the front at `url`, and check every answer.

    The requests are the examples of the document, each schema's limits and just beyond them,
    `examples` random ones for each call, and sequences along the links of the document: submit a
    job, get it, cancel it, run it again. The same seed makes up the same requests. `calls` are the
    `operationId`s of those that are made; by default all. With a `token`, which every request has,
    each call is also made without one and with a wrong one, and has to refuse both. Without one,
    the front has AUTH=off.
    """
    access = ["--header", f"Authorization: Bearer {token}"] if token else _WITHOUT_TOKENS
    ran = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--no-color"),
            *("--config-file", _HERE / "schemathesis.toml"),
            *("run", f"{url}/openapi.json", "--continue-on-failure"),
            *("--max-examples", str(examples), "--seed", str(seed), "--request-timeout", "60"),
            *(f"--include-operation-id={call}" for call in calls),
            *access,
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(_HERE / "checks.py")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    generated = re.search(r"^  (\d+) generated", ran.stdout, re.MULTILINE)
    return Fuzzing(int(generated[1]) if generated else 0, ran.returncode == 0, ran.stdout)
