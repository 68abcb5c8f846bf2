"""The entry point of bin/test-integration: runs the suites of both clients against one service."""

import base64
import os
import secrets
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from shared.access.tokens import new_token
from shared.errors import ServiceError
from shared.local.arguments import Arguments
from shared.local.checkout import ROOT
from shared.local.processes import LocalError, free_port
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.local.signals import stopping_on_signals
from shared.local.stack import (
    front,
    migrate,
    servers,
    throwaway_folder,
    wait_for_workers,
    worker,
)
from tests.integration import elixir
from tests.integration.checked_transport import Contract
from tests.integration.results import Results, read, table


def main() -> int:
    """Run everything, print the table of calls, and return 0 if every test passed."""
    parser = Arguments("bin/test-integration")
    parser.add_argument("url", nargs="?")
    given = parser.parse_args().url
    with ExitStack() as stack:
        folder = stack.enter_context(throwaway_folder())
        receipt = folder / "receipt.png"
        receipt.write_bytes(encode(draw_receipt(DrawnReceipt())))
        env = {"RECEIPT_IMAGE": str(receipt)}
        env |= {"AI_SERVICE_URL": given.rstrip("/")} if given else _start(stack, folder)
        python, python_passed = _python(env, folder / "python.json")
        other, elixir_passed = elixir.run(env, folder / "elixir.json")
    operations = [operation.name for operation in Contract.snapshot().operations]
    print(table(operations, {"Python": python, "Elixir": other}))  # noqa: T201
    return 0 if python_passed and elixir_passed else 1


def _start(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Start a service on free ports that wants a token, and sends callbacks to this machine.

    Returns what the tests need to know of it.
    """
    token = new_token()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    running = stack.enter_context(servers(folder, durable=False))
    migrate(running.database_url)
    env = {**running.env(), "QUEUE_NAMESPACE": f"integration-{os.getpid()}", "WORKER_PORT": "0"}
    env |= {"DRAIN_DELAY": "0", "SHUTDOWN_GRACE": "0", "CALLBACK_RETRY_PAUSE": "0.5"}
    env |= {"CALLBACK_HOSTS": "http://127.0.0.1", "CALLBACK_SECRETS": secret}
    env |= {"AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": token.hash.hex()}
    process = stack.enter_context(worker(env, folder / "worker.log"))
    port = free_port()
    stack.enter_context(front(env, port, folder / "api.log"))
    url = f"http://127.0.0.1:{port}"
    wait_for_workers(url, process, folder / "worker.log")
    return {"AI_SERVICE_URL": url, "AI_SERVICE_TOKEN": token.text, "CALLBACK_SECRETS": secret}


def _python(env: dict[str, str], results: Path) -> tuple[Results, bool]:
    """Run the tests of this folder; return their results and whether all passed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "tests/integration"],
        cwd=ROOT,
        env={**os.environ, **env, "INTEGRATION_RESULTS": str(results)},
        check=False,
    )
    return read(results), done.returncode == 0


if __name__ == "__main__":
    try:
        with stopping_on_signals():
            sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except (LocalError, ServiceError, OSError) as error:
        sys.stderr.write(f"bin/test-integration: {error}\n")
        sys.exit(1)
