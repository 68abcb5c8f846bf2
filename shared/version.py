"""The name and version of the service. A release has the version of its tag."""

import os
from importlib.metadata import version

SERVICE = "grocery-planner-ai"
# The version of the next tag; docs/releasing.md says when to raise it.
NEXT = "0.2.0"


def service_version() -> str:
    """Return the version of the installed package."""
    return version(SERVICE)


def version_to_build() -> str:
    """Return the version that a package gets which is built now: see pyproject.toml.

    The release workflow and the build of the image name the tag's version in GROCERY_AI_VERSION.
    Every other build, that of a checkout among them, has a development version, the same on every
    commit.
    """
    return os.environ.get("GROCERY_AI_VERSION") or f"{NEXT}.dev0"
