"""`grocery-ai after-restore` and `lost`: what follows once Postgres was restored from a backup."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console

from shared.telemetry.logs import configure_logging
from shared.terminal_tables import titled_table
from worker.cli.options import AsJson, print_json, print_line, wrong_setting
from worker.cli.stderr import stderr

if TYPE_CHECKING:
    from shared.settings import Settings
    from shared.store.postgres.database import Database
    from shared.store.restoring.after_restore import Restored

T = TypeVar("T")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Force = Annotated[
    bool, typer.Option("--force", help="Do it though a front or a worker seems to run.")
]
Log = Annotated[
    typer.FileText,
    typer.Argument(
        metavar="LOG",
        help="A file with the id of a job on each line, or a log of lines of JSON; - is stdin.",
    ),
]


def after_restore(
    dry_run: DryRun = False, yes: Yes = False, force: Force = False, as_json: AsJson = False
) -> None:
    """Make a database that was restored from a backup fit to be used again.

    Stop every front and worker first. It clears the messages in Redis, queues every live job and
    every pending callback anew, and revokes all tokens. It may be repeated.
    """
    configure_logging("WARNING", "console")
    if not (dry_run or yes):
        asyncio.run(_with_database(lambda settings, database: _refuse_if_used(database, force)))
        typer.confirm(
            "Clear the messages, queue all live jobs anew, and revoke every token?",
            abort=True,
            err=True,
        )
    messages, restored = asyncio.run(
        _with_database(
            lambda settings, database: _restore(settings, database, dry_run=dry_run, force=force)
        )
    )
    if as_json:
        print_json({"dry_run": dry_run, "messages": messages, **asdict(restored)})
    else:
        _print(messages, restored, dry_run=dry_run)
    if not dry_run:
        stderr().print("Make new tokens with `grocery-ai token create`, then start the service.")


def lost(log: Log) -> None:
    """Print the ids of the jobs in a log that the database does not have, one on each line.

    They were accepted after the moment that was restored, or deleted since. The exit code is 1 if
    there are any.
    """
    job_ids, unread = _ids(log)
    if not job_ids:
        raise typer.BadParameter("it names no job", param_hint="LOG")

    async def find(_settings: "Settings", database: "Database") -> Sequence[UUID]:
        from shared.store.restoring.unknown import unknown_jobs

        async with database.transaction() as session:
            return await unknown_jobs(session, job_ids)

    unknown = asyncio.run(_with_database(find))
    for job_id in unknown:
        print_line(str(job_id))
    left = f"; {unread} lines name none" if unread else ""
    stderr().print(f"{len(unknown)} of {len(job_ids)} jobs are unknown{left}.")
    if unknown:
        sys.exit(1)


async def _refuse_if_used(database: "Database", force: bool) -> None:
    """End the command if a front or a worker seems to run, unless that is wanted.

    Raises SchemaBehind if the backup is of an older version, and DatabaseReadOnly if Postgres is
    still being restored.
    """
    from shared.store.restoring.presence import processes
    from shared.store.schema import check_usable

    await check_usable(database)
    async with database.transaction() as session:
        found = await processes(session)
    if found and not force:
        stderr().print(
            f"Stop the service first: there is {', and '.join(found)}. A heartbeat counts for "
            "LEASE seconds, 15 by default. --force goes on all the same."
        )
        sys.exit(1)


async def _restore(
    settings: "Settings", database: "Database", *, dry_run: bool, force: bool
) -> "tuple[int, Restored]":
    """Return how many messages were cleared, and what was done in the database.

    The messages go first: should the rest fail, the reconciler sends them again. Something may have
    started while the question waited for its answer.
    """
    from shared.contracts.features import Queue
    from shared.store.restoring.after_restore import after_restore
    from shared.wire.broker import Broker

    await _refuse_if_used(database, force)
    broker = Broker(settings)
    try:
        if dry_run:
            counts = [await broker.counts(queue) for queue in Queue]
            messages = sum(count.waiting + count.taken for count in counts)
        else:
            messages = sum([await broker.clear(queue) for queue in Queue])
    finally:
        await broker.close()
    async with database.transaction() as session:
        restored = await after_restore(session)
        if dry_run:
            await session.rollback()
    return messages, restored


def _print(messages: int, restored: "Restored", *, dry_run: bool) -> None:
    table = titled_table("This would be done" if dry_run else "Done")
    table.add_column("What")
    table.add_column("How many", justify="right")
    table.add_column("Now")
    jobs = restored.jobs
    for what, count, now in (
        ("messages in Redis", messages, "removed"),
        ("jobs that waited", jobs.waiting, "wait in their old order"),
        ("jobs that ran", jobs.running, "queued again, without an attempt spent"),
        ("jobs to be cancelled", jobs.cancelled, "cancelled"),
        ("tokens", restored.tokens, "revoked"),
        ("sessions of the console", restored.sessions, "ended"),
        ("pending callbacks", restored.callbacks, "due now, for a whole day"),
        ("running bulk operations", restored.bulk_operations, "stopped"),
        ("rows of workers", restored.workers, "deleted"),
    ):
        table.add_row(what, str(count), now)
    paused = ", ".join(restored.paused) or "none"
    table.add_row("paused queues", str(len(restored.paused)), f"as in the backup: {paused}")
    Console().print(table)


def _ids(lines: Iterable[str]) -> tuple[list[UUID], int]:
    """Return each job that the lines name, once, and how many lines name none."""
    found: dict[UUID, None] = {}
    unread = 0
    for line in filter(str.strip, lines):
        try:
            found[UUID(_id(line))] = None
        except ValueError:
            unread += 1
    return list(found), unread


def _id(line: str) -> str:
    """Return the text of a line that should be an id: its first word, or a field of its JSON."""
    if not line.lstrip().startswith("{"):
        return line.split(maxsplit=1)[0]
    fields = json.loads(line)
    return str(fields.get("job_id") or fields.get("id"))


async def _with_database(work: "Callable[[Settings, Database], Coroutine[Any, Any, T]]") -> T:
    async with _database() as (settings, database):
        return await work(settings, database)


@asynccontextmanager
async def _database() -> "AsyncIterator[tuple[Settings, Database]]":
    """Yield the settings and their database. Raises typer.BadParameter if a setting is wrong."""
    from shared.settings import Settings
    from shared.store.postgres.database import Database

    try:
        settings = Settings()
    except ValidationError as error:
        raise wrong_setting(error) from error
    database = Database.from_settings(settings, process="cli", pool_size=1)
    try:
        yield settings, database
    finally:
        await database.close()
