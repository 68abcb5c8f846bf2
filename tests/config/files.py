"""The files of the development stack, as Compose reads them."""

from typing import Any

import yaml

from shared.local.stack import ROOT

FILES = ("docker-compose.yml", "docker-compose.observability.yml")
WORKERS = ("worker-receipts", "worker-items")


def content(path: str) -> dict[str, Any]:
    """Of a YAML file of the repository."""
    read: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    """Of both files, merged as Compose does it: no service is in both."""
    ours, observability = (content(name)["services"] for name in FILES)
    assert not ours.keys() & observability.keys()
    merged: dict[str, dict[str, Any]] = ours | observability
    return merged


def published_ports() -> set[str]:
    """As the files say them: `127.0.0.1:3001:3000`."""
    return {port for service in services().values() for port in service.get("ports", [])}
