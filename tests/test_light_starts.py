"""A process loads no library that it does not use: each costs its start, and its memory."""

import subprocess
import sys

import pytest

from shared.local.checkout import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "left_out"),
    [
        # Alembic is for migrating, `limits` for limits of rates, obstore for an object store, and
        # the others for OTEL_ENABLED.
        (
            "api.process, worker.main",
            ["alembic", "mako", "limits", "obstore", "grpc", "google.protobuf", "requests"],
        ),
        # A command without a server needs neither a client nor the drivers.
        ("worker.cli.commands", ["httpx", "sqlalchemy", "redis", "numpy", "fastapi", "grpc"]),
    ],
)
def test_what_is_not_used_is_not_loaded(program: str, left_out: list[str]) -> None:
    """The clock would say so too, but only on a machine that does nothing else."""
    code = f"import sys, {program}; print(sorted(sys.modules.keys() & set({left_out})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
