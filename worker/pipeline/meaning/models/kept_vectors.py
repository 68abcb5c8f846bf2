"""Vectors of what is known of groceries, kept on disk: embedding all of it takes seconds.

They lie in `grocery-planner-ai/vectors` in XDG_CACHE_HOME, else in `~/.cache`: a file for each list
of texts. Nothing depends on them; without the folder they are made again.
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
    """As `embedder.embed(texts)`; from disk where the same model has embedded the same texts."""
    folder = _folder()
    if folder is None:
        return embedder.embed(texts)
    path = folder / f"{_key(embedder, texts)}.npy"
    kept = _read(path)
    if kept is not None and kept.shape == (len(texts), embedder.dimension):
        return kept
    vectors = embedder.embed(texts)
    # A file system that is read-only or full costs time, nothing else.
    with suppress(OSError):
        _write(path, vectors)
    return vectors


def _folder() -> Path | None:
    """None of a user without a home."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(chosen) if chosen else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "grocery-planner-ai" / "vectors"


def _key(embedder: Embedder, texts: Sequence[str]) -> str:
    told = json.dumps([embedder.model_id, embedder.model_version, *texts])
    return hashlib.sha256(told.encode()).hexdigest()


def _read(path: Path) -> Vectors | None:
    """None of what is not there, or no array of numbers."""
    try:
        with path.open("rb") as file:
            vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return vectors if isinstance(vectors, np.ndarray) and vectors.dtype == np.float32 else None


def _write(path: Path, vectors: Vectors) -> None:
    """Whole or not at all: other processes start at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            np.save(file, vectors)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
