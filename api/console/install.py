"""Adds the console to a front."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.access.sessions import CONSOLE
from api.console.job_counts import JobCounts
from api.console.pages import (
    audit,
    bulk,
    failures,
    job,
    job_actions,
    jobs,
    login,
    overview,
    queues,
    try_it,
    workers,
)
from api.console.rendering import console_environment

_HERE = Path(__file__).parent
_PAGES = (
    overview,
    jobs,
    job,
    job_actions,
    failures,
    bulk,
    queues,
    workers,
    try_it,
    audit,
    login,
)


def install_console(app: FastAPI, *, largest_text: int, largest_body: int) -> None:
    """Serve the pages below /console, and the files that they load.

    A body has at most `largest_text` bytes, or `largest_body` where it may hold an image.
    """
    app.state.console = console_environment()
    app.state.job_counts = JobCounts()
    for name in ("assets", "vendored"):
        app.mount(f"{CONSOLE}/{name}", StaticFiles(directory=_HERE / name), name=f"console-{name}")
    for page in _PAGES:
        app.include_router(
            page.router,
            prefix=CONSOLE,
            include_in_schema=False,
            max_body_size=largest_body if page is try_it else largest_text,
        )
