"""Sentence embeddings with any sentence-transformers model on the CPU. Needs the ml extra."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from worker.pipeline.meaning.models.hub_models import load_model, shown_name, shown_version
from worker.pipeline.meaning.models.ports import Vectors


class SentenceEmbedder:
    """An `Embedder`. Loading takes about ten seconds, most of them for torch."""

    def __init__(self, model: str) -> None:
        """Load `model`, a folder or a name on the Hugging Face hub. Raises EngineUnavailable."""
        setting = f"EMBEDDING_MODEL={model}"
        # The library's own models may be given by short names.
        short = "/" not in model and not Path(model).is_dir()
        name = f"sentence-transformers/{model}" if short else model

        def load(local_only: bool) -> None:
            self._model = _sentence_transformer(name, local_only)
            # This also proves that the model runs; not every model states its dimension.
            self.dimension = len(self._encode(["milk"], 1)[0])

        load_model(name, load, named_by=setting, needed_by=setting)
        self.model_id = shown_name(name)
        self.model_version = shown_version("sentence-transformers", name)

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Embed texts as `Embedder.embed` says; the model limits how many tokens count."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._encode(texts, batch_size)

    def _encode(self, texts: Sequence[str], batch_size: int) -> Vectors:
        vectors: Vectors = self._model.encode(
            list(texts), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return vectors


def _sentence_transformer(model: str, local_only: bool) -> Any:
    import torch  # noqa: PLC0415 (takes seconds; only when chosen)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return SentenceTransformer(
        model, device="cpu", local_files_only=local_only, model_kwargs={"dtype": torch.float32}
    )
