"""Refers to an image in an object store, and names the objects of a store."""

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from shared.store.postgres.statements import Row

# What follows the id belongs to a file of which a crash has left a part.
_KEY = re.compile(r"[0-9a-f]{32}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:#\d+)?")


@dataclass(frozen=True)
class ImageReference:
    """An image in an object store: the URL of the object, and how many bytes it has."""

    url: str
    size: int


def reference_of(row: Row) -> ImageReference | None:
    """Return the reference of a row of `job_images`, or None if it has none."""
    url = row["object_url"]
    return None if url is None else ImageReference(url, row["object_size"])


def folder_of(tenant_id: str) -> str:
    """Return the folder of a tenant's images. Its name does not show the tenant's."""
    return hashlib.sha256(tenant_id.encode()).hexdigest()[:32]


def key_of(tenant_id: str, job_id: UUID) -> str:
    """Return the key of the image of a job. No two jobs ever have the same."""
    return f"{folder_of(tenant_id)}/{job_id}"


def job_of(key: str) -> UUID | None:
    """Return the job whose image has a key, or None if the key is not one of ours."""
    found = _KEY.fullmatch(key)
    return UUID(found[1]) if found else None
