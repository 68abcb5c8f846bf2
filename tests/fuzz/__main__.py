"""bin/fuzz sends made-up requests, prints the report, and fails if an answer was wrong."""

import asyncio
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from shared.access.tokens import new_token
from shared.local import stack
from shared.settings import Settings
from tests.fuzz.files.mutations import mutants
from tests.fuzz.files.running import Tally, load, send
from tests.fuzz.files.seeds import bodies
from tests.fuzz.files.seeds import files as whole_files
from tests.fuzz.requests import send_damaged
from tests.fuzz.running import fuzz
from tests.support.fronts import front_http
from tests.support.processes.running_system import running_system


def main(
    url: Annotated[str | None, typer.Option(help="The front; by default one is started.")] = None,
    examples: Annotated[int, typer.Option(help="Random requests for each call.")] = 150,
    seed: Annotated[int, typer.Option(help="Repeats the requests of an earlier run.")] = 1,
    at_least: Annotated[int, typer.Option(help="How many requests there have to be.")] = 5_000,
    files: Annotated[int, typer.Option(help="Damage so many files instead.")] = 0,
    requests: Annotated[int, typer.Option(help="Damage so many requests instead.")] = 0,
    keep: Annotated[Path, typer.Option(help="Where to write the files to look at.")] = Path(
        "results/fuzz"
    ),
) -> None:
    """Make up requests from the OpenAPI document and check every answer, or damage whole ones.

    AI_SERVICE_TOKEN is the token for a front at the URL, which without it has AUTH=off.

    The exit code is 1 if an answer was wrong, or if there were fewer requests than asked for.
    """
    if files or requests:
        keep.mkdir(parents=True, exist_ok=True)
        tally = Tally(keep)
        with ExitStack() as running:
            settings = _settings(running)
            if files:
                asyncio.run(_send_files(settings, files, seed, tally))
            if requests:
                asyncio.run(_send_requests(settings, requests, seed, tally))
        if files:
            load(mutants(whole_files(), files, seed), tally)
        sys.stdout.write(tally.report())
        sys.exit(bool(tally.wrong))
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


async def _send_files(settings: Settings, count: int, seed: int, tally: Tally) -> None:
    async with front_http(settings) as http:
        await send(http, mutants(whole_files(), count, seed), tally)
        await send(http, mutants(bodies(), count // 10, seed), tally)


async def _send_requests(settings: Settings, count: int, seed: int, tally: Tally) -> None:
    async with front_http(settings) as http:
        await send_damaged(http, count, seed, tally)


def _settings(running: ExitStack) -> Settings:
    """Start servers until the stack ends. Return the settings of a front that refuses no load."""
    folder = running.enter_context(stack.throwaway_folder())
    servers = running.enter_context(stack.servers(folder, durable=False))
    stack.migrate(servers.database_url)
    return Settings(
        database_url=SecretStr(servers.database_url),
        redis_url=SecretStr(servers.redis_url),
        receipts_queue_limit=10**9,
        receipts_age_limit=10**9,
        items_queue_limit=10**9,
        items_age_limit=10**9,
    )


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
