"""Finds the model that RapidOCR's wheel brings, without loading the package, which takes a second.

A worker looks for models, and its recognition children run them.
"""

from importlib.util import find_spec
from pathlib import Path


def recognition_model() -> Path:
    """Return the file of the model that reads lines, as it is in the wheel."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise RuntimeError("rapidocr is not installed")
    return Path(spec.origin).parent / "models" / "PP-OCRv6_rec_small.onnx"
