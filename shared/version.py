"""The name and version of the service; the version comes from the package's metadata."""

from importlib.metadata import version

SERVICE = "grocery-planner-ai"


def service_version() -> str:
    """Return the version that pyproject.toml gave the installed package."""
    return version(SERVICE)
