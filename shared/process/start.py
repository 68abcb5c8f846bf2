"""Starts a front or a worker: prepares libraries, reads the settings, sets up the log."""

import os
import sys
from collections.abc import Iterable
from typing import NoReturn

import structlog
from pydantic import ValidationError

from shared.process.library_threads import limit_library_threads
from shared.process.opt_outs import opt_out_of_reports
from shared.settings import Settings, setting_problems
from shared.telemetry.logs import configure_logging

# The exit code of a process whose settings are missing or wrong.
WRONG_SETTINGS = 2


def start_process() -> Settings:
    """Prepare the process and return its settings, which come from the environment.

    If settings are missing or wrong, logs a sentence for each and exits with code WRONG_SETTINGS.
    """
    opt_out_of_reports()
    limit_library_threads()
    try:
        settings = Settings()
    except ValidationError as error:
        refuse("setting.refused", setting_problems(error), WRONG_SETTINGS)
    configure_logging(settings.log_level, settings.log_format)
    for old, new in settings.replaced.items():
        structlog.get_logger(__name__).warning("setting.replaced", setting=old, use=new)
    return settings


def refuse(event: str, reasons: Iterable[str], code: int) -> NoReturn:
    """Log an error for each reason, and exit with `code`: the process cannot start.

    With LOG_FORMAT=console, the reasons go to stderr as they are. The variable is read here, since
    the other settings may be what is wrong.
    """
    if os.environ.get("LOG_FORMAT") == "console":
        print(*reasons, sep="\n", file=sys.stderr)  # noqa: T201
    else:
        configure_logging("INFO", "json")
        for reason in reasons:
            structlog.get_logger(__name__).error(event, reason=reason)
    sys.exit(code)
