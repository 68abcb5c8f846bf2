"""Every look at once: settings, Postgres, Redis, this machine."""

import asyncio
from collections.abc import Sequence

from pydantic import ValidationError

from shared.settings import PipelineSettings, Settings, setting_problems
from worker.cli.diagnosis.broker import check_broker
from worker.cli.diagnosis.database import check_database
from worker.cli.diagnosis.finding import Finding, error, ok, warning
from worker.cli.diagnosis.machine import check_machine


async def examine() -> Sequence[Finding]:
    """What was found, in the order in which it is best put right."""
    try:
        settings = Settings()
    except ValidationError as wrong:
        cure = "Set them in the environment; config/example.env has all."
        found = [error("settings", problem, cure) for problem in setting_problems(wrong)]
        broken = {problem["loc"][0] for problem in wrong.errors() if problem["loc"]}
        if broken & set(PipelineSettings.model_fields):
            return found
        return [*found, *await check_machine(PipelineSettings())]
    replaced = [
        warning("settings", f"{old} is no longer read", f"Use {new}.")
        for old, new in settings.replaced.items()
    ]
    parts = await asyncio.gather(
        check_database(settings.database_url.get_secret_value()),
        check_broker(settings.redis_url.get_secret_value()),
        check_machine(settings),
    )
    return [
        *(replaced or [ok("settings", "complete")]),
        *(finding for part in parts for finding in part),
    ]
