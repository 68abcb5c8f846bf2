"""All checks of `grocery-ai doctor`: settings, Postgres, Redis, the object store, this machine."""

import asyncio
import os
from collections.abc import Sequence

from pydantic import ValidationError

from shared.local.dev_session import running_dev
from shared.pipeline_settings import PipelineSettings
from shared.settings import Settings, setting_problems
from worker.cli.diagnosis.broker import check_broker
from worker.cli.diagnosis.database import check_database
from worker.cli.diagnosis.finding import Finding, error, ok, warning
from worker.cli.diagnosis.images import check_images
from worker.cli.diagnosis.machine import check_machine


async def examine() -> Sequence[Finding]:
    """Run all checks and return the findings, in the order in which to fix them."""
    servers = _servers_of_dev()
    try:
        settings = Settings.model_validate(servers)
    except ValidationError as wrong:
        cure = "Start bin/dev, or set it in the environment; config/example.env lists all settings."
        found = [error("settings", problem, cure) for problem in setting_problems(wrong)]
        broken = {problem["loc"][0] for problem in wrong.errors() if problem["loc"]}
        if broken & set(PipelineSettings.model_fields):
            return found
        return [*found, *await check_machine(PipelineSettings())]
    replaced = [
        warning("settings", f"{old} is no longer read", f"Use {new}.")
        for old, new in settings.replaced.items()
    ]
    servers_checked = await asyncio.gather(
        check_database(settings),
        check_broker(settings),
        check_images(settings),
    )
    # Only now: models that load use all of a CPU, and the clocks would seem to differ.
    parts = [*servers_checked, await check_machine(settings)]
    complete = "complete"
    if servers:
        complete += f"; {' and '.join(map(str.upper, servers))} from the running bin/dev"
    return [
        *(replaced or [ok("settings", complete)]),
        *(finding for part in parts for finding in part),
    ]


def _servers_of_dev() -> dict[str, str]:
    """Return the URLs of the servers of this checkout's bin/dev, for settings that are not set."""
    dev = running_dev()
    known = {"database_url": dev.database_url, "redis_url": dev.redis_url} if dev else {}
    return {name: url for name, url in known.items() if not os.environ.get(name.upper())}
