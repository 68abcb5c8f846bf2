"""Keeps the int8 model on disk: making it takes ten seconds, loading it none.

The name of the file has the hash of the wheel's model, and the recipe, so that a newer wheel or
recipe never uses an old file. The file begins with the hash of what follows.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from shared.errors import EngineUnavailable
from worker.pipeline.kept_files import keep, kept_folder
from worker.pipeline.ocr.models.wheel_model import recognition_model

# Raise it when `quantised.py` or `drawn_lines.py` changes, so that models are made anew.
RECIPE = 1
_HASH = hashlib.sha256().digest_size
_MAKE = "`grocery-ai models` makes it; receipts take longer until then."


@dataclass(frozen=True)
class KeptModel:
    """The int8 model as ONNX, or why it cannot be used and what to do about it."""

    content: bytes | None
    problem: str | None = None


def load_kept_model() -> KeptModel:
    """Read the int8 model from disk. It never raises: the fp32 model is always there."""
    path = kept_path()
    if path is None:
        return KeptModel(None, "There is no int8 model, since this user has no home directory.")
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        return KeptModel(None, f"There is no int8 model in {path.parent}: {_MAKE}")
    except OSError as error:
        return KeptModel(None, f"The int8 model {path} cannot be read ({error.strerror}).")
    if hashlib.sha256(kept[_HASH:]).digest() != kept[:_HASH]:
        return KeptModel(None, f"The int8 model {path} is damaged: {_MAKE}")
    return KeptModel(kept[_HASH:])


def make_model() -> Path:
    """Make the int8 model, unless it is there and intact; return its path.

    Raises EngineUnavailable if it cannot be written.
    """
    path = kept_path()
    if path is None:
        raise EngineUnavailable(
            "This user has no home directory for the int8 model: set XDG_CACHE_HOME to a folder."
        )
    if load_kept_model().content is not None:
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    # These imports take a second, and no other process needs them.
    from worker.pipeline.ocr.models.quantised import quantised  # noqa: PLC0415

    model = quantised(recognition_model())
    try:
        keep(path, lambda file: file.write(hashlib.sha256(model).digest() + model))
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> EngineUnavailable:
    return EngineUnavailable(
        f"The int8 model cannot be written to {path.parent} ({error.strerror}). Make room or set "
        "XDG_CACHE_HOME to another folder; receipts are read with the fp32 model until then."
    )


def kept_path() -> Path | None:
    """Return where the int8 model of this wheel and recipe is kept, whether or not it is there."""
    folder = kept_folder("models")
    if folder is None:
        return None
    return folder / f"lines-{_key()}.int8"


def _key() -> str:
    inputs = hashlib.sha256(recognition_model().read_bytes())
    inputs.update(f"{RECIPE} {version('onnxruntime')}".encode())
    return inputs.hexdigest()[:16]
