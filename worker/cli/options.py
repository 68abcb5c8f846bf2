"""Options and arguments that several commands share, and printing to stdout."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from shared.contracts.categories import COMMON_LABELS
from shared.contracts.receipts.requests import ExtractionOptions
from shared.pipeline_settings import PipelineSettings
from shared.telemetry.logs import configure_logging

AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON on stdout.")]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="A,B,C", help="Labels to choose from, instead of the usual ones."
    ),
]
DefaultCurrency = Annotated[
    str | None,
    typer.Option(
        "--default-currency",
        metavar="CODE",
        help="Currency of receipts that show none, such as EUR; else DEFAULT_CURRENCY decides.",
    ),
]
Country = Annotated[
    str | None,
    typer.Option(
        "--country", metavar="CODE", help="Where the receipts were printed, such as DE: a hint."
    ),
]
LocaleName = Annotated[
    str | None,
    typer.Option(
        "--locale", metavar="NAME", help="Like --country, but a weaker hint; such as de-DE."
    ),
]
Texts = Annotated[
    list[str] | None, typer.Argument(help="One or more; by default, the lines of stdin.")
]

# The options that replace a setting.
_OPTIONS = {"ocr_engine": "--engine", "receipt_slots": "--jobs"}


def pipeline_settings(**chosen: Any) -> PipelineSettings:
    """Return the settings of the environment, with `chosen` values in place of theirs if not None.

    Raises typer.BadParameter if a setting is invalid; it names the option or the variable.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        settings = PipelineSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        hint = _OPTIONS[name] if name in given else name.upper()
        raise typer.BadParameter(first["msg"], param_hint=hint) from error
    configure_logging("WARNING", "console")
    return settings


def wrong_setting(error: ValidationError) -> typer.BadParameter:
    """Return what says which setting of the environment is wrong, and why, without its value."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"])).upper()
    return typer.BadParameter(first["msg"], param_hint=name)


def extraction_options(labels: Sequence[str] | None, **hints: str | None) -> ExtractionOptions:
    """Return the options of reading a receipt. Raises typer.BadParameter for an invalid hint."""
    try:
        return ExtractionOptions(candidate_labels=labels, **hints)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{first['loc'][0]}".replace("_", "-")
        raise typer.BadParameter(first["msg"], param_hint=option) from error


def split_labels(labels: str | None) -> list[str]:
    """Split `A,B,C` into labels; for None, return the labels that the grocery planner uses.

    Raises typer.BadParameter if there is no label in the text.
    """
    if labels is None:
        return list(COMMON_LABELS)
    found = [label.strip() for label in labels.split(",") if label.strip()]
    if not found:
        raise typer.BadParameter("name at least one label", param_hint="--labels")
    return found


def texts_or_stdin(texts: list[str] | None) -> list[str]:
    """Return the arguments or, without any, the lines of stdin that are not blank.

    Raises typer.BadParameter if there are none, or if stdin is a terminal.
    """
    if texts:
        return texts
    if sys.stdin.isatty():
        raise typer.BadParameter("give names as arguments, or one per line on stdin")
    found = [line.strip() for line in sys.stdin if line.strip()]
    if not found:
        raise typer.BadParameter("stdin holds no names")
    return found


def print_line(text: str) -> None:
    """Print a line on stdout and flush it, so that a pipe passes it on at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print one indented JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + os.linesep)


def print_json_lines(values: Iterable[Any]) -> None:
    """Print one JSON document per line on stdout."""
    for value in values:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
