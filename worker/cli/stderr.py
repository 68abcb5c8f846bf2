"""The console on stderr, and errors as one line each."""

from rich.console import Console
from rich.text import Text

from shared.errors import ServiceError

# Advice for the command line only; the sentence of an error itself is for every kind of caller.
_CURES = {
    "service_unreachable": "Start the service (bin/dev), or give its URL with --url.",
    "unauthenticated": "Set AI_SERVICE_TOKEN; `grocery-ai token create` makes one.",
    "forbidden": "`grocery-ai token list` shows the scopes and tenants of each token.",
    "job_not_found": "`grocery-ai list` shows a tenant's jobs; --tenant names another tenant.",
    "not_done_in_time": "`grocery-ai watch ID` waits for one of them.",
    "engine_unavailable": "`grocery-ai doctor` says what is installed.",
}


def stderr() -> Console:
    """Return a console on stderr that never wraps lines, so that paths and ids can be copied."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_error(error: ServiceError, about: object = None, console: Console | None = None) -> None:
    """Print an error as one line: its code, what it is about, what is wrong, and what to do.

    `about` is printed after the code, for example the path of a file. `console` is the console of a
    progress bar that is being shown; by default, the line goes to stderr.
    """
    subject = "" if about is None else f" {about}"
    detail = error.detail.rstrip(".") + "."
    sentences = " ".join(filter(None, (detail, _CURES.get(error.code))))
    line = Text.assemble((error.code, "red"), f"{subject}: {' '.join(sentences.split())}")
    (console or stderr()).print(line)
