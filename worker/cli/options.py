"""Options and arguments that several commands have, and what goes to stdout."""

import json
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from shared.contracts.categories import COMMON_LABELS
from shared.settings import PipelineSettings
from shared.telemetry.logs import configure_logging

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else.")]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="A,B,C", help="The labels to choose from, in place of the usual ones."
    ),
]
Texts = Annotated[
    list[str] | None, typer.Argument(help="One or more; by default the lines of stdin.")
]


def pipeline_settings(**chosen: Any) -> PipelineSettings:
    """Settings from the environment, but for the options that were given (not None).

    Raises typer.BadParameter.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        settings = PipelineSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(first["msg"], param_hint=str(first["loc"][0])) from error
    configure_logging("WARNING", "console")
    return settings


def split_labels(labels: str | None) -> list[str]:
    """The labels of `A,B,C`; without any, those that the grocery planner uses."""
    if labels is None:
        return list(COMMON_LABELS)
    found = [label.strip() for label in labels.split(",") if label.strip()]
    if not found:
        raise typer.BadParameter("name at least one label", param_hint="--labels")
    return found


def texts_or_stdin(texts: list[str] | None) -> list[str]:
    """The arguments, or the lines of stdin that hold something."""
    if texts:
        return texts
    if sys.stdin.isatty():
        raise typer.BadParameter("give names as arguments, or one a line on stdin")
    found = [line.strip() for line in sys.stdin if line.strip()]
    if not found:
        raise typer.BadParameter("stdin holds no names")
    return found


def print_line(text: str) -> None:
    """A line on stdout, at once: whoever reads it through a pipe need not wait for the end."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """A JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + os.linesep)


def print_json_lines(values: Iterable[Any]) -> None:
    """A JSON document a line on stdout."""
    for value in values:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
