"""Tidewave: debugging tools with which a person or an AI assistant inspects a front over MCP.

It runs any code that it is sent, with the rights of this process. It is therefore mounted only with
DEBUG, which production refuses, and answers only whoever knows its token (`guard.py`), on this
machine only unless TIDEWAVE_REMOTE is set.
"""

import os
import signal

import structlog
from fastapi import FastAPI

from api.debugging.guard import MOUNT, Guard, new_token
from shared.settings import Settings
from shared.store.models import Base
from shared.store.postgres.read_only import read_only_engine
from shared.telemetry.logs import formatter

log = structlog.get_logger(__name__)


def install_tidewave(app: FastAPI, settings: Settings) -> None:
    """Mount Tidewave's five tools, which docs/debugging.md describes, on an app not yet started.

    Without the `dev` extra, Tidewave is not installed, and nothing is mounted.
    """
    try:
        from tidewave.fastapi import Tidewave  # noqa: PLC0415 (importing it opens its log)
        from tidewave.tools.get_logs import file_handler  # noqa: PLC0415

        # This prevents accidents only: a query can still ask Postgres for a writing transaction.
        engine = read_only_engine(settings, process="tidewave")
    except ImportError as error:
        log.debug("tidewave.absent", reason=str(error))
        return
    # Tidewave's own format drops every field of our records except the message.
    file_handler.setFormatter(formatter("json"))
    tidewave = Tidewave({"allow_remote_access": settings.tidewave_remote})
    tidewave.install(app, sqlalchemy_base=Base, sqlalchemy_engine=engine)
    # Evaluations run in forks that get SIGTERM at their time limit. uvicorn's handler, which they
    # inherit, would only take note of it.
    os.register_at_fork(after_in_child=_end_on_sigterm)
    token = settings.tidewave_token or new_token()
    app.add_middleware(Guard, token=token)
    log.info("tidewave.installed", path=f"{MOUNT}/{token}/mcp", remote=settings.tidewave_remote)


def _end_on_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
