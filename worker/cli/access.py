"""`grocery-ai token` and `tenant`: what operators do beside the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console

from shared.access.scopes import ALL_TENANTS, Scope
from shared.access.tokens import new_token
from shared.terminal_tables import titled_table
from worker.cli.options import AsJson, print_json, print_line, wrong_setting
from worker.cli.stderr import stderr
from worker.cli.token_options import (
    Lifetime,
    PrintHash,
    Scopes,
    Tenants,
    tenant_of_call,
)

if TYPE_CHECKING:
    from shared.store.models import Token
    from shared.store.postgres.database import Database
    from shared.store.transitions.by_hand import Cancelling

T = TypeVar("T")


def tokens() -> typer.Typer:
    """Return the commands `grocery-ai token …`."""
    app = typer.Typer(help="Make, list and revoke the tokens of callers, beside the database.")
    app.command("create")(create)
    app.command("list")(list_tokens)
    app.command("revoke")(revoke)
    return app


def tenants() -> typer.Typer:
    """Return the commands `grocery-ai tenant …`."""
    app = typer.Typer(help="Delete what is stored for a tenant, beside the database.")
    # Without a second command, the first would need no name.
    app.callback()(_nothing)
    app.command("delete-data")(delete_tenant_data)
    return app


def create(
    name: Annotated[str | None, typer.Argument(help="Who uses it, for the list.")] = None,
    scopes: Scopes = None,
    tenants: Tenants = None,
    expires: Lifetime = None,
    print_hash: PrintHash = False,
) -> None:
    """Make a token, and print it. It is shown only now.

    With the scope admin and no tenant, it acts for all tenants. With admin and some tenants it may
    delete their data, but do nothing else that only operators may.
    """
    token = new_token()
    if print_hash:
        print_line(f"{token.text}\n{token.hash.hex()}")
        return
    if not name or not scopes:
        raise typer.BadParameter("give the token a NAME and at least one --scope")
    acts_for = tenants or ([ALL_TENANTS] if Scope.ADMIN in scopes else [])
    if ALL_TENANTS in acts_for and len(acts_for) > 1:
        raise typer.BadParameter(f"give either --tenant {ALL_TENANTS} or single tenants")

    async def store(database: "Database") -> None:
        from shared.store.access.audit import COMMAND_LINE, record
        from shared.store.access.tokens import create_token

        async with database.transaction() as session:
            await create_token(
                session, token, name=name, scopes=scopes, tenants=acts_for, lifetime=expires
            )
            await record(session, "token.create", COMMAND_LINE, token.id)

    _with_database(store)
    if not acts_for:
        stderr().print("It acts for no tenant: it reads the queues, the schemas and the metrics.")
    if Scope.ADMIN in scopes and ALL_TENANTS not in acts_for:
        stderr().print(
            "It may delete the data of its tenants, but not do what concerns all tenants."
        )
    print_line(token.text)


def list_tokens(as_json: AsJson = False) -> None:
    """List every token, oldest first, without its secret."""

    async def read(database: "Database") -> "Sequence[tuple[Token, datetime]]":
        from shared.store.access.tokens import all_tokens

        async with database.transaction() as session:
            return await all_tokens(session)

    found = [_shown(token, now) for token, now in _with_database(read)]
    if as_json:
        print_json(found)
        return
    table = titled_table(f"{len(found)} tokens")
    for column in ("Id", "Name", "Scopes", "Tenants", "Expires", "Last used", "State"):
        table.add_column(column, overflow="fold")
    for token in found:
        lists = (" ".join(token["scopes"]), " ".join(token["tenants"]))
        times = (token["expires_at"] or "never", token["last_used_at"] or "never")
        table.add_row(token["id"], token["name"], *lists, *times, token["state"])
    Console().print(table)


def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
) -> None:
    """Revoke a token, which is in force everywhere within five seconds."""

    async def store(database: "Database") -> bool:
        from shared.store.access.audit import COMMAND_LINE, record
        from shared.store.access.tokens import revoke_token

        async with database.transaction() as session:
            if revoked := await revoke_token(session, token_id):
                await record(session, "token.revoke", COMMAND_LINE, token_id)
            return revoked

    if not _with_database(store):
        raise typer.BadParameter(
            f"there is no token {token_id!r}; `grocery-ai token list` shows all"
        )
    print_line(f"{token_id} is revoked.")


def delete_tenant_data(
    tenant_id: Annotated[str, typer.Argument(metavar="ID", parser=tenant_of_call)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the jobs, images and callbacks of a tenant, for good.

    Live jobs are cancelled first. Revoke the tenant's tokens before, so that no new ones come.
    """
    if not yes:
        typer.confirm(f"Delete everything that is stored for {tenant_id}?", abort=True, err=True)

    async def delete(database: "Database") -> dict[str, Any]:
        from shared.store.access.audit import COMMAND_LINE
        from shared.store.access.tenant_data import delete_data
        from shared.store.images.image_settings import ImageSettings
        from shared.store.images.keeping import opened_images

        try:
            settings = ImageSettings()
        except ValidationError as error:
            raise wrong_setting(error) from error
        async with opened_images(settings) as images:
            deleted = await delete_data(
                database, images, tenant_id, actor=COMMAND_LINE, cancelled=_unheard
            )
        return deleted.model_dump()

    counts = _with_database(delete)
    if as_json:
        print_json(counts)
    else:
        print_line(", ".join(f"{name}: {count}" for name, count in counts.items()))


def _nothing() -> None:
    """Run the command that was named."""


async def _unheard(_job_id: UUID, _cancelling: "Cancelling") -> None:
    """Announce nothing: whoever waits for the job looks at the row within a second."""


def _shown(token: "Token", now: datetime) -> dict[str, Any]:
    state = "living"
    if token.revoked_at is not None:
        state = "revoked"
    elif token.expires_at is not None and token.expires_at <= now:
        state = "expired"
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "tenants": token.tenants,
        "created_at": _time(token.created_at),
        "expires_at": _time(token.expires_at),
        "last_used_at": _time(token.last_used_at),
        "state": state,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _with_database(work: "Callable[[Database], Coroutine[Any, Any, T]]") -> T:
    async def run() -> T:
        async with _database() as database:
            return await work(database)

    return asyncio.run(run())


@asynccontextmanager
async def _database() -> "AsyncIterator[Database]":
    """Yield the database of DATABASE_URL. Raises typer.BadParameter if that is wrong."""
    from shared.store.postgres.database import Database
    from shared.store.postgres.settings.database_settings import DatabaseSettings

    try:
        settings = DatabaseSettings()
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="DATABASE_URL") from error
    url = settings.database_url.get_secret_value()
    database = Database(url, process="cli", pooler=settings.database_pooler, pool_size=1)
    try:
        yield database
    finally:
        await database.close()
