"""Tidewave: an AI assistant, or a person, looks into a running front over MCP; for debugging only.

It runs any code that it is sent, as this process. So it is there with DEBUG alone, which production
refuses, and answers this machine alone unless TIDEWAVE_REMOTE says otherwise.
"""

import os
import signal

import structlog
from fastapi import FastAPI

from shared.settings import Settings
from shared.store.models import Base
from shared.store.read_only import read_only_engine
from shared.telemetry.logs import formatter

log = structlog.get_logger(__name__)


def install_tidewave(app: FastAPI, settings: Settings) -> None:
    """Mount it, before the application starts; without the `dev` extra there is nothing to mount.

    Five tools: logs, SQL, evaluation, source locations, models (docs/debugging.md).
    """
    try:
        from tidewave.fastapi import Tidewave  # noqa: PLC0415 (it opens its log when imported)
        from tidewave.tools.get_logs import file_handler  # noqa: PLC0415

        # No slip changes data: who means to can still ask Postgres for a transaction that may.
        engine = read_only_engine(settings, process="tidewave")
    except ImportError as error:
        log.debug("tidewave.absent", reason=str(error))
        return
    # Its own format loses what our records hold besides their message.
    file_handler.setFormatter(formatter("json"))
    tidewave = Tidewave({"allow_remote_access": settings.tidewave_remote})
    tidewave.install(app, sqlalchemy_base=Base, sqlalchemy_engine=engine)
    # Evaluations run in forks, ended by SIGTERM at their time limit: uvicorn's handler, which they
    # inherit, would only note it.
    os.register_at_fork(after_in_child=_end_on_sigterm)
    log.info("tidewave.installed", path="/tidewave/mcp", remote=settings.tidewave_remote)


def _end_on_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
