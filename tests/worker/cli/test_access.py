"""Operators make and revoke tokens, and delete the data of tenants, beside the database."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select

from shared.settings import Settings
from shared.store.models import AuditEntry, Job
from shared.store.postgres.database import Database
from tests.support.access.tokens import id_of
from tests.support.callback_rows import add_job
from tests.support.fronts import front_server, nowhere
from tests.worker.cli.conftest import Run


async def test_tokens_are_made_listed_and_revoked(
    forked_ai: Run, database_url: str, database: Database
) -> None:
    """The text of a token is printed once, alone on stdout, and is nowhere else."""
    env = {"DATABASE_URL": database_url}
    scopes = ("--scope", "jobs:read", "--scope", "jobs:write")
    made = forked_ai("token", "create", "app", *scopes, "--tenant", "*", "--expires", "90d", **env)
    operator = forked_ai("token", "create", "me", "--scope", "admin", **env).stdout.strip()
    token = made.stdout.strip()
    revoked = forked_ai("token", "revoke", id_of(token), **env)
    listed = forked_ai("token", "list", "--json", **env)
    table = forked_ai("token", "list", **env)

    assert (made.returncode, made.stderr, revoked.returncode) == (0, "", 0)
    first, second = json.loads(listed.stdout)
    assert {name: first[name] for name in ("id", "name", "scopes", "tenants", "state")} == {
        "id": id_of(token),
        "name": "app",
        "scopes": ["jobs:read", "jobs:write"],
        "tenants": ["*"],
        "state": "revoked",
    }
    assert first["expires_at"]
    assert (second["scopes"], second["tenants"], second["state"]) == (["admin"], ["*"], "living")
    assert id_of(token) in table.stdout
    assert token not in listed.stdout + table.stdout
    async with database.transaction() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [(entry.action, entry.actor, entry.subject) for entry in entries] == [
        ("token.create", "cli", id_of(token)),
        ("token.create", "cli", id_of(operator)),
        ("token.revoke", "cli", id_of(token)),
    ]


def test_a_bootstrap_token_needs_no_database(forked_ai: Run) -> None:
    """The second line is the hash of the first, as BOOTSTRAP_TOKEN_HASH takes it."""
    made = forked_ai("token", "create", "--print-hash", DATABASE_URL="")
    token, hashed = made.stdout.split()

    assert hashed == sha256(token.encode()).hexdigest()


def test_wrong_usage_is_refused(forked_ai: Run, database_url: str) -> None:
    """One line says what is wrong, and nothing is stored."""
    create, env = ("token", "create"), {"DATABASE_URL": database_url}
    for arguments, said in (
        ((*create, "app"), "at least one --scope"),
        ((*create, "app", "--scope", "jobs:eat"), "'jobs:eat' is not one of"),
        ((*create, "app", "--scope", "admin", "--expires", "soon"), "90d"),
        ((*create, "app", "--scope", "admin", "--tenant", "a b"), "--tenant"),
        ((*create, "app", "--scope", "admin", "--tenant", "*,A"), "--tenant"),
        ((*create, "app", "--scope", "admin", "--tenant", "A,B"), "--tenant"),
        ((*create, "app", "--scope", "admin", "--tenant", "a*"), "--tenant"),
        ((*create, "app", "--scope", "admin", "--tenant", "*", "--tenant", "A"), "--tenant"),
        (("token", "revoke", "nobody"), "there is no token 'nobody'"),
    ):
        done = forked_ai(*arguments, **env)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    away = forked_ai("token", "list", DATABASE_URL=nowhere("postgresql").get_secret_value())
    missing = forked_ai("token", "list", DATABASE_URL="")

    assert json.loads(forked_ai("token", "list", "--json", **env).stdout) == []
    assert (away.returncode, missing.returncode) == (1, 2)
    assert "database_unavailable" in away.stderr
    assert "DATABASE_URL" in missing.stderr


async def test_the_data_of_a_tenant_is_deleted(
    forked_ai: Run, database_url: str, database: Database
) -> None:
    """Without --yes, somebody has to agree."""
    for tenant_id in ("home", "other"):
        await add_job(database, tenant_id=tenant_id)
    arguments, env = ("tenant", "delete-data", "home"), {"DATABASE_URL": database_url}

    wrong = forked_ai(*arguments, "--yes", IMAGE_STORE="s3:bucket", **env)
    declined = forked_ai(*arguments, stdin="n\n", **env)
    async with database.transaction() as session:
        assert (await session.scalars(select(func.count()).select_from(Job))).one() == 2
    done = forked_ai(*arguments, "--yes", "--json", **env)

    assert declined.returncode != 0
    assert (wrong.returncode, "IMAGE_STORE" in wrong.stderr) == (2, True)
    assert "Traceback" not in wrong.stderr
    assert json.loads(done.stdout)["jobs"] == 1
    async with database.transaction() as session:
        assert (await session.scalars(select(Job.tenant_id))).all() == ["other"]


async def test_commands_for_a_service_send_the_token_of_the_environment(
    forked_ai: Run, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    """Without one, one line says what to do, and nothing more is sent. No output has the token."""
    receipt = tmp_path / "receipt.png"
    receipt.write_bytes(b"an image")
    create = ("token", "create", "me", "--scope", "jobs:write", "--scope", "jobs:read")
    made = await asyncio.to_thread(forked_ai, *create, "--tenant", "a", DATABASE_URL=database_url)
    token = made.stdout.strip()
    async with front_server(settings.model_copy(update={"auth": "tokens"})) as url:

        async def run(*arguments: str | Path, stdin: str = "", **env: str) -> tuple[int, str, str]:
            done = await asyncio.to_thread(
                forked_ai, *arguments, "--url", url, stdin=stdin, TENANT_ID="a", **env
            )
            return done.returncode, done.stdout, done.stderr

        lines = "{}\n" * 501
        refused = [
            await run("submit", receipt, receipt, AI_SERVICE_TOKEN=""),
            await run("submit", "--batch", "-", "-q", stdin=lines, AI_SERVICE_TOKEN=token + "0"),
        ]
        taken = await run("submit", "--batch", "-", "-q", stdin=_JOB, AI_SERVICE_TOKEN=token)
        other = await run("list", "--tenant", "b", AI_SERVICE_TOKEN=token)
        paused = await run("queues", "pause", "items", AI_SERVICE_TOKEN=token)
        wrong = await run("list", AI_SERVICE_TOKEN=f"{token} {token}")

    for code, stdout, stderr in refused:
        assert (code, stdout) == (1, "")
        assert stderr.count("unauthenticated") == 1
        assert "Set AI_SERVICE_TOKEN" in stderr
    assert (taken[0], len(taken[1].split()), taken[2]) == (0, 1, "")
    for code, _stdout, stderr in (other, paused):
        assert code == 1
        assert stderr.startswith("forbidden: ")
    assert wrong[0] == 2
    assert "AI_SERVICE_TOKEN" in wrong[2]
    for _code, stdout, stderr in (*refused, taken, other, paused, wrong):
        assert token not in stdout + stderr


_JOB = json.dumps(
    {"feature": "categorization", "payload": {"item_name": "Milk", "candidate_labels": ["Dairy"]}}
)
