"""Keeps the vectors of known groceries on disk, since embedding all of them takes seconds.

They are in `grocery-planner-ai/vectors` under XDG_CACHE_HOME, or else under `~/.cache`, with one
file for each list of texts. The folder may be deleted: the vectors are then computed again.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np

from worker.pipeline.meaning.models.ports import Embedder, Vectors


def embed_kept(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return `embedder.embed(texts)`, from disk if the same model has embedded them before."""
    folder = _folder()
    if folder is None:
        return embedder.embed(texts)
    path = folder / f"{_key(embedder, texts)}.npy"
    kept = _read(path)
    if kept is not None and kept.shape == (len(texts), embedder.dimension):
        return kept
    vectors = embedder.embed(texts)
    # A file system that is read-only or full only costs time.
    with suppress(OSError):
        _write(path, vectors)
    return vectors


def _folder() -> Path | None:
    """Return the folder of the vectors, or None for a user without a home directory."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(chosen) if chosen else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "grocery-planner-ai" / "vectors"


def _key(embedder: Embedder, texts: Sequence[str]) -> str:
    inputs = json.dumps([embedder.model_id, embedder.model_version, *texts])
    return hashlib.sha256(inputs.encode()).hexdigest()


def _read(path: Path) -> Vectors | None:
    """Read an array of float32, or return None if the file is missing or holds anything else."""
    try:
        with path.open("rb") as file:
            vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return vectors if isinstance(vectors, np.ndarray) and vectors.dtype == np.float32 else None


def _write(path: Path, vectors: Vectors) -> None:
    """Write the file atomically, since other processes may start at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            np.save(file, vectors)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
