"""What browsers load that is not ours is what the manifest says, and comes from this front."""

import re
import tomllib
from hashlib import sha256

from api.console.rendering import TEMPLATES

VENDORED = TEMPLATES.parent / "vendored"
MANIFEST = tomllib.loads((VENDORED / "manifest.toml").read_text("utf-8"))


def test_files_are_those_of_the_manifest() -> None:
    """The files are unchanged, and the licence of each package is beside them."""
    listed = {
        name: digest
        for package in MANIFEST["package"]
        for name, digest in package["sha256"].items()
    }
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in VENDORED.glob("*.min.*")}

    assert found == listed
    for package in MANIFEST["package"]:
        assert (VENDORED / package["text"]).stat().st_size > 100


def test_pages_load_only_files_of_this_front() -> None:
    """The files that the layout loads are there, and none is on another host."""
    base = (TEMPLATES / "base.html").read_text("utf-8")
    loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', base)

    assert len(loaded) >= 9
    for address in loaded:
        assert address.startswith("/console/")
        assert (TEMPLATES.parent / address.removeprefix("/console/")).is_file()
