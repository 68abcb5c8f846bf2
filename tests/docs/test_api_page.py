"""docs/api.md agrees with the snapshot of the contract."""

import json
import re

from tests.docs.pages import rows, section, text_of


def test_the_page_has_every_call() -> None:
    """By method and path; the names of path parameters are the page's own."""
    paths = json.loads(text_of("tests/api/openapi.json"))["paths"]
    calls = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        # A HEAD is its GET without the body.
        if method != "head"
    }
    documented = {row[0].strip("`") for row in rows(section(text_of("docs/api.md"), "Calls"))}

    assert documented == {re.sub(r"\{\w+\}", "{id}", call) for call in calls}
