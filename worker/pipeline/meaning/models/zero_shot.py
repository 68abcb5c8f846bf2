"""Categories by natural language inference: does a name entail "it belongs to this category"?

The method is that of Yin et al., "Benchmarking Zero-shot Text Classification" (2019), as
implemented by the zero-shot-classification pipeline of transformers. Needs the ml extra.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.errors import EngineUnavailable
from worker.pipeline.meaning.models.asks import Ask, by_labels
from worker.pipeline.meaning.models.hub_models import load_model, shown_name, shown_version
from worker.pipeline.meaning.models.ports import Row, Scores

_SETTING = "CLASSIFICATION_MODEL"
# Pairs of a name and a label that share a batch.
_BATCH = 16


class ZeroShotClassifier:
    """A `Classifier` whose time grows with the number of names times that of labels."""

    # A name makes a pair with each label, so that two fill a batch.
    names_at_once = 2
    calls_at_once = 4

    def __init__(self, model: str) -> None:
        """Load `model`, a folder or a name on the Hugging Face hub. Raises EngineUnavailable."""

        def load(local_only: bool) -> None:
            self._pipeline = _pipeline(model, local_only)
            # This proves that the model runs.
            self.score(["milk"], ["Dairy", "Produce"])

        load_model(model, load, named_by=f"{_SETTING}={model}", needed_by="CLASSIFIER=zero-shot")
        self.model_id = shown_name(model)
        self.model_version = shown_version("transformers", model)

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Score by a softmax over how much a name entails each label; see `Classifier.score`."""
        # The pipeline would score a single label against its contradiction.
        if len(labels) == 1 or not names:
            return np.ones((len(names), len(labels)))
        # Labels are passed as whole sentences, since braces in one would break a template.
        hypotheses = [f"This grocery item belongs to the category {label}." for label in labels]
        answers = self._pipeline(
            list(names), candidate_labels=hypotheses, hypothesis_template="{}", batch_size=_BATCH
        )
        rows = [dict(zip(answer["labels"], answer["scores"], strict=True)) for answer in answers]
        return np.array([[row[text] for text in hypotheses] for row in rows])

    def score_each(self, asks: Sequence[Ask]) -> Sequence[Row]:
        """Score names that have the same labels together; see `Classifier.score_each`."""
        rows: dict[int, Row] = {}
        for labels, positions in by_labels(asks):
            scores = self.score([asks[position].name for position in positions], labels)
            rows.update(zip(positions, scores, strict=True))
        return [rows[position] for position in range(len(asks))]


def _pipeline(model: str, local_only: bool) -> Any:
    import torch  # noqa: PLC0415 (takes seconds; only when chosen)
    from transformers import (  # noqa: PLC0415
        AutoModelForSequenceClassification,
        AutoTokenizer,
        pipeline,
    )

    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=local_only)
    network, loading = AutoModelForSequenceClassification.from_pretrained(
        model, local_files_only=local_only, dtype=torch.float32, output_loading_info=True
    )
    _check_is_nli(model, network, loading["missing_keys"])
    # Some tokenizers do not know the model's limit; two positions may be reserved for padding.
    positions = getattr(network.config, "max_position_embeddings", 512)
    tokenizer.model_max_length = min(tokenizer.model_max_length, positions - 2)
    return pipeline("zero-shot-classification", model=network, tokenizer=tokenizer, device="cpu")


def _check_is_nli(model: str, network: Any, missing: set[str]) -> None:
    """Raise EngineUnavailable for a model that transformers would run without complaint, though
    its labels are wrong or its weights are random."""
    labels = sorted(network.config.label2id)
    untrained = [key for key in missing if not key.startswith(f"{network.base_model_prefix}.")]
    if not any(label.lower().startswith("entail") for label in labels):
        reason = f"its labels are {', '.join(labels)}, none of them entailment"
    elif untrained:
        reason = f"it lacks the weights {', '.join(sorted(untrained))}"
    else:
        return
    raise EngineUnavailable(f"{_SETTING}={model} is not an NLI model: {reason}.")
