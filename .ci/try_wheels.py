"""Runs the service and the client from clean environments: `try_wheels.py SERVICE CLIENT`.

Both run in a folder that has packages `api`, `shared` and `worker` of its own, as a project of a
caller may have. Only the servers, Postgres and Valkey, are those of the checkout's environment.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from shared.local.processes import free_port, running
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.local.stack import servers, throwaway_folder, wait_for_workers

CALLER = """
import sys
from shared import OWN
from grocery_planner_ai import ServiceClient

with ServiceClient(sys.argv[1], "caller") as client:
    answer = client.categorize("Organic Bananas", ["Produce", "Dairy", "Bakery", "Meat"])
    job = client.await_job(client.submit_receipt(open("receipt.jpg", "rb").read()).id)
    print("client:", answer.payload.category, job.status, job.output_payload["extraction"]["total"])
    assert OWN and answer.payload.category == "Produce" and job.status == "succeeded"
    assert "opentelemetry" not in sys.modules
"""


def main(service: Path, client: Path) -> None:
    """Migrate, serve, work and call. Raises LocalError or CalledProcessError if a part fails."""
    with ExitStack() as stack:
        folder = stack.enter_context(throwaway_folder())
        urls = stack.enter_context(servers(folder, durable=False))
        project = folder / "project"
        for package in ("api", "shared", "worker"):
            (project / package).mkdir(parents=True)
            (project / package / "__init__.py").write_text("OWN = True\n")
        (project / "receipt.jpg").write_bytes(encode(draw_receipt(DrawnReceipt()), "JPEG"))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        env = {**urls.env(), "HOST": "127.0.0.1", "PORT": str(port), "WORKER_PORT": "0"}
        env |= {"DRAIN_DELAY": "0", "SHUTDOWN_GRACE": "0", "AI_SERVICE_URL": url}
        program = service / "bin/grocery-ai"

        def run(*command: str | Path) -> None:
            subprocess.run(command, cwd=project, env={**_bare(), **env}, check=True)

        run(program, "migrate")
        log = folder / "worker.log"
        process = stack.enter_context(
            running([program, "worker"], env={**env, "PYTHONPATH": ""}, cwd=project, log=log)
        )
        front = [program, "serve"]
        stack.enter_context(running(front, env={**env, "PYTHONPATH": ""}, cwd=project))
        wait_for_workers(url, process, log)
        run(program, "submit", "receipt.jpg", "--wait")
        run(program, "doctor")
        run(client / "bin/python", "-c", CALLER, url)


def _bare() -> dict[str, str]:
    """Return our environment without the path by which this script finds the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
