#!/usr/bin/env python3
"""Checks a tag and writes the notes of its release: `release.py v1.2.3 NOTES`.

It prints `version=1.2.3`, which a workflow appends to its outputs. It refuses a tag whose version
is not the next one, and one without a section in CHANGELOG.md.
"""

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class RefusedError(Exception):
    """The tag must not be released; the message says why and what to do."""


def main(tag: str, notes: Path) -> None:
    """Write the section of the tag's version to `notes`. Raises RefusedError."""
    version = version_of(tag)
    for path, pattern in {
        "shared/version.py": r'^NEXT = "(.+)"$',
        "clients/elixir/mix.exs": r'@version "(.+)"$',
    }.items():
        (named,) = re.findall(pattern, (ROOT / path).read_text(), re.M)
        if named != version:
            raise RefusedError(f"{tag} is not the version in {path}, which is {named}.")
    text = section((ROOT / "CHANGELOG.md").read_text(), version)
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_text(text)
    sys.stdout.write(f"version={version}\n")


def version_of(tag: str) -> str:
    """Return the version of a tag such as `v1.2.3`. Raises RefusedError for any other."""
    if found := re.fullmatch(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", tag, re.ASCII):
        return found[0].removeprefix("v")
    raise RefusedError(f"{tag!r} is no tag of a release: these are written v1.2.3.")


def section(changelog: str, version: str) -> str:
    """Return what the changelog says of a version, without its heading.

    Raises RefusedError if there is no such section, if it is empty, or if it lies below the section
    of another version, since a release is the newest. Its heading needs a date that exists.
    """
    headings = re.findall(r"^## (\S+)(?: - (\S+))?$", changelog, re.M)
    released = [(name, day) for name, day in headings if name != "Unreleased"]
    if not released or released[0][0] != version:
        raise RefusedError(
            f"The newest section of CHANGELOG.md has to be: ## {version} - YEAR-MM-DD"
        )
    try:
        date.fromisoformat(released[0][1])
    except ValueError as error:
        raise RefusedError(f"The section {version} of CHANGELOG.md has no date.") from error
    below = changelog.split(f"\n## {version} - {released[0][1]}\n", 1)[1]
    text = re.split(r"^## ", below, maxsplit=1, flags=re.M)[0].strip()
    if not text:
        raise RefusedError(f"The section {version} of CHANGELOG.md is empty.")
    return text + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: .ci/release.py TAG NOTES")
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except RefusedError as refused:
        sys.exit(f"release: {refused}")
