"""Loads the models of the ml extra from a folder or the hub, and explains what went wrong."""

from collections.abc import Callable
from importlib.metadata import version
from logging import ERROR, getLogger
from pathlib import Path
from typing import TypeVar

from shared.errors import EngineUnavailable

T = TypeVar("T")

_EXTRA = ("sentence_transformers", "torch", "transformers")
# Seconds for the hub to say whether it has a model; the libraries would try for a minute.
_HUB_TIMEOUT = 10


def load_model(model: str, load: Callable[[bool], T], *, named_by: str, needed_by: str) -> T:
    """Return what `load(local_only)` makes of `model`, a folder or a name on the hub.

    A model that was fetched before is used as it is, so a restart needs no network and changes no
    result. `named_by` and `needed_by` are the settings, with their values, that name the model and
    require the ml extra. Raises EngineUnavailable for every error of the libraries, which share
    no base class.
    """
    try:
        return _load(model, load)
    except EngineUnavailable:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _EXTRA:
            raise EngineUnavailable(
                f"{needed_by} needs the ml extra: run bin/setup --ml"
            ) from error
        raise EngineUnavailable(
            f"{named_by} cannot be loaded ({_first_line(error)}). It must be a folder with "
            "a model, or the name of one on the Hugging Face hub, from which it is fetched once."
        ) from error


def shown_name(model: str) -> str:
    """Return what answers call a model: its name, or the last two parts of its folder."""
    folder = Path(model)
    return "/".join(folder.resolve().parts[-2:]) if folder.is_dir() else model


def shown_version(library: str, model: str) -> str:
    """Return the version of the library and, for a model from the hub, its cached commit."""
    known = f"{library} {version(library)}, float32"
    if Path(model).is_dir():
        return known
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    # Either .../snapshots/<commit>/config.json or, if there is no such file, not a string.
    config = try_to_load_from_cache(model, "config.json")
    return f"{known}, {Path(config).parent.name[:12]}" if isinstance(config, str) else known


def _load(model: str, load: Callable[[bool], T]) -> T:
    _prepare_libraries()
    if Path(model).is_dir():
        return load(True)
    if Path(model).is_absolute() or model.startswith("."):
        raise FileNotFoundError("there is no such folder")
    try:
        return load(True)
    except (OSError, ValueError):
        _ask_hub_for(model)
        return load(False)


def _prepare_libraries() -> None:
    import torch  # noqa: PLC0415 (takes seconds; only when chosen)
    from transformers.utils import logging  # noqa: PLC0415

    # One thread for each call: calls run side by side, and beside the recognition of receipts.
    torch.set_num_threads(1)
    # Progress bars and multi-line reports have no place among the worker's log lines.
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    getLogger("sentence_transformers").setLevel(ERROR)


def _ask_hub_for(model: str) -> None:
    """Raise within seconds if the hub cannot be reached or has no such model."""
    from huggingface_hub import HfApi  # noqa: PLC0415

    HfApi().model_info(model, timeout=_HUB_TIMEOUT)


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")
