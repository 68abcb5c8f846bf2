"""Starts a front or a worker: prepares libraries, reads the settings, sets up the log."""

import sys

import structlog
from pydantic import ValidationError

from shared.process.library_threads import limit_library_threads
from shared.process.opt_outs import opt_out_of_reports
from shared.settings import Settings, setting_problems
from shared.telemetry.logs import configure_logging


def start_process() -> Settings:
    """Prepare the process and return its settings, which come from the environment.

    If settings are missing or wrong, prints a sentence for each and exits with code 2.
    """
    opt_out_of_reports()
    limit_library_threads()
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in setting_problems(error):
            print(problem, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    configure_logging(settings.log_level, settings.log_format)
    for old, new in settings.replaced.items():
        structlog.get_logger(__name__).warning("setting.replaced", setting=old, use=new)
    return settings
