"""Keeps the vectors of known groceries on disk, since embedding all of them takes seconds.

They are in the folder `vectors` of the kept files, with one file for each list of texts.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from worker.pipeline.kept_files import keep, kept_folder
from worker.pipeline.meaning.models.ports import Embedder, Vectors


def embed_kept(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return `embedder.embed(texts)`, from disk if the same model has embedded them before."""
    folder = kept_folder("vectors")
    if folder is None:
        return embedder.embed(texts)
    path = folder / f"{_key(embedder, texts)}.npy"
    kept = _read(path)
    if kept is not None and kept.shape == (len(texts), embedder.dimension):
        return kept
    vectors = embedder.embed(texts)
    # A file system that is read-only or full only costs time.
    with suppress(OSError):
        keep(path, lambda file: np.save(file, vectors))
    return vectors


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
