"""The one version number, from the package's metadata."""

from importlib.metadata import version

SERVICE = "grocery-planner-ai"


def service_version() -> str:
    """As in pyproject.toml."""
    return version(SERVICE)
