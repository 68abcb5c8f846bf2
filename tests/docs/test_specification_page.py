"""docs/specification.md names only what exists here."""

import json
from collections.abc import Collection

import pytest

from shared.local.checkout import ROOT
from shared.settings import Settings
from tests.config.files import services
from tests.config.promql import DASHBOARDS, panels
from tests.docs.pages import codes, section, text_of

PAGE = text_of("docs/specification.md")
# The client's variable, which is no setting of ours.
SETTINGS = {name.upper() for name in Settings.model_fields} | {"AI_SERVICE_URL"}
PANELS = {panel["title"] for path in DASHBOARDS for panel in panels(json.loads(path.read_text()))}


def ours(heading: str) -> list[str]:
    """Return every piece of code in the second column of the table below a heading."""
    lines = [line for line in section(PAGE, heading).splitlines() if line.startswith("| ")]
    found = [name for line in lines[2:] for name in codes(line.split(" | ")[1])]
    assert found, heading
    return found


@pytest.mark.parametrize("heading", ["Files", "Commands"])
def test_every_file_of_ours_exists(heading: str) -> None:
    assert [path for path in ours(heading) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("heading", "known"),
    [("Containers", services().keys()), ("Panels", PANELS)],
)
def test_every_container_and_panel_of_ours_exists(heading: str, known: Collection[str]) -> None:
    assert set(ours(heading)) <= set(known)


def test_every_setting_of_ours_exists() -> None:
    """Where a setting is of another program, the table names the file that has it."""
    for name in ours("Settings"):
        assert name in SETTINGS or (ROOT / name).is_file(), name


def test_every_call_of_ours_exists() -> None:
    paths = json.loads((ROOT / "tests/api/openapi.json").read_text())["paths"]
    assert set(ours("Calls")) <= paths.keys()
