"""What goes to stderr: progress, and one line for each thing that went wrong."""

from rich.console import Console
from rich.text import Text

from shared.errors import ServiceError

# What to do about an error on the command line, where its own sentence is for every kind of caller.
_CURES = {
    "service_unreachable": "Start the service (bin/dev), or say where it is with --url.",
    "job_not_found": "`grocery-ai list` shows a tenant's jobs; --tenant names another tenant.",
    "engine_unavailable": "`grocery-ai doctor` says what is installed.",
}


def stderr() -> Console:
    """The terminal behind stderr. It breaks no lines, so that paths and ids can be copied."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def complain(error: ServiceError, about: object = None, console: Console | None = None) -> None:
    """One line: the code, what it is about, what is wrong, and what to do where that is known.

    `console`: that of a bar which is being shown, in place of stderr.
    """
    subject = "" if about is None else f" {about}"
    detail = error.detail.rstrip(".") + "."
    sentences = " ".join(filter(None, (detail, _CURES.get(error.code))))
    line = Text.assemble((error.code, "red"), f"{subject}: {' '.join(sentences.split())}")
    (console or stderr()).print(line)
