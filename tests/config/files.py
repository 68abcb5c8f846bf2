"""Reads the files of the development stack as Compose does."""

import re
from typing import Any

import yaml

from shared.local.checkout import ROOT

FILES = ("docker-compose.yml", "docker-compose.observability.yml")
WORKERS = ("worker-receipts", "worker-items")


def content(path: str) -> dict[str, Any]:
    """Return the content of a YAML file, by its path from the root of the repository."""
    read: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    """Return the services of both files, merged as Compose merges them; none is in both.

    A variable such as `${NAME:-value}` has its default, as if it was not set.
    """
    ours, observability = (_with_defaults(content(name)["services"]) for name in FILES)
    assert not ours.keys() & observability.keys()
    merged: dict[str, dict[str, Any]] = ours | observability
    return merged


def _with_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_defaults(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_defaults(entry) for entry in value]
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) if isinstance(value, str) else value


def published_ports() -> set[str]:
    """Return the published ports in Compose's notation, such as `127.0.0.1:3001:3000`."""
    return {port for service in services().values() for port in service.get("ports", [])}
