"""docs/api.md agrees with the OpenAPI snapshot."""

import json
import re

from tests.docs.pages import rows, section, text_of


def test_the_page_has_every_call() -> None:
    """Calls are compared by method and path; the page calls every path parameter `{id}`."""
    paths = json.loads(text_of("tests/api/openapi.json"))["paths"]
    calls = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        # The page does not list HEAD, which is GET without the body.
        if method != "head"
    }
    documented = {row[0].strip("`") for row in rows(section(text_of("docs/api.md"), "Calls"))}

    assert documented == {re.sub(r"\{\w+\}", "{id}", call) for call in calls}
