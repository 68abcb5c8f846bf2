"""bin/fuzz sends made-up requests, prints the report, and fails if an answer was wrong."""

import os
import sys
from contextlib import ExitStack
from typing import Annotated

import typer

from shared.access.tokens import new_token
from shared.local import stack
from tests.fuzz.running import fuzz
from tests.support.processes.running_system import running_system


def main(
    url: Annotated[str | None, typer.Option(help="The front; by default one is started.")] = None,
    examples: Annotated[int, typer.Option(help="Random requests for each call.")] = 150,
    seed: Annotated[int, typer.Option(help="Repeats the requests of an earlier run.")] = 1,
    at_least: Annotated[int, typer.Option(help="How many requests there have to be.")] = 5_000,
) -> None:
    """Make up requests from the OpenAPI document and check every answer.

    AI_SERVICE_TOKEN is the token for a front at the URL, which without it has AUTH=off.

    The exit code is 1 if an answer was wrong, or if there were fewer requests than asked for.
    """
    with ExitStack() as running:
        token = new_token()
        found = fuzz(
            url or _start(running, token.hash.hex()),
            token=os.environ.get("AI_SERVICE_TOKEN") if url else token.text,
            examples=examples,
            seed=seed,
        )
    sys.stdout.write(found.report)
    if found.requests < at_least:
        sys.stdout.write(f"Only {found.requests} of at least {at_least} requests were sent.\n")
    sys.exit(not found.passed or found.requests < at_least)


def _start(running: ExitStack, token_hash: str) -> str:
    """Start servers, a front and a worker until the stack ends. Return the URL of the front.

    It demands tokens, and the one with this hash may do everything.
    """
    folder = running.enter_context(stack.throwaway_folder())
    servers = running.enter_context(stack.servers(folder, durable=False))
    stack.migrate(servers.database_url)
    env = {"AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": token_hash}
    system = running.enter_context(running_system(servers, servers.database_url, folder, env))
    return system.url


if __name__ == "__main__":
    typer.run(main)
