"""A model that cannot be loaded stops the start, with a line that says why."""

import shutil
from pathlib import Path

import pytest

from shared.contracts.service.components import ClassifierKind
from shared.errors import EngineUnavailable
from shared.settings import Settings
from tests.support.processes.failed_start import failed_start
from tests.worker.ml.models import save_tiny_bert
from worker.pipeline.meaning.configured_models import load_models
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder


def reason(*, classification: str | None = None, embedding: str | None = None) -> str:
    """Return why these models cannot be loaded."""
    with pytest.raises(EngineUnavailable) as refused:
        load_models(
            ClassifierKind.ZERO_SHOT if classification else ClassifierKind.EMBEDDING,
            classification or "unused",
            embedding or OnnxEmbedder.model_id,
        )
    assert refused.value.code == "engine_unavailable"
    assert "\n" not in refused.value.detail
    return refused.value.detail


def test_no_such_folder(tmp_path: Path) -> None:
    """The error names the setting."""
    folder = str(tmp_path / "nowhere")

    assert f"CLASSIFICATION_MODEL={folder} " in (why := reason(classification=folder))
    assert "there is no such folder" in why
    assert f"EMBEDDING_MODEL={folder} " in (why := reason(embedding=folder))
    assert "there is no such folder" in why


@pytest.mark.parametrize("model", ["nobody/has-fetched-this", "not a name"])
def test_a_model_of_the_hub_without_a_network(model: str) -> None:
    """The tests run with HF_HUB_OFFLINE=1."""
    assert f"CLASSIFICATION_MODEL={model} cannot be loaded" in reason(classification=model)
    assert f"EMBEDDING_MODEL={model} cannot be loaded" in reason(embedding=model)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    """The libraries raise errors of several types for this."""
    assert "cannot be loaded" in reason(classification=str(tmp_path))
    assert "cannot be loaded" in reason(embedding=str(tmp_path))


def test_a_damaged_model(tmp_path: Path, nli_folder: Path) -> None:
    """A download that was cut short leaves such a model."""
    folder = shutil.copytree(nli_folder, tmp_path / "damaged")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])

    assert "cannot be loaded" in reason(classification=str(folder))
    assert "cannot be loaded" in reason(embedding=str(folder))


def test_a_classifier_that_is_no_nli_model(tmp_path: Path) -> None:
    """The pipeline of transformers would take the last label for entailment, and answer."""
    folder = save_tiny_bert(tmp_path / "feelings", labels=("joy", "anger"))

    assert "is not an NLI model: its labels are anger, joy" in reason(classification=str(folder))


def test_a_model_without_a_classification_layer(tmp_path: Path, nli_folder: Path) -> None:
    """transformers would initialise the last layer at random, and answer."""
    folder = shutil.copytree(nli_folder, tmp_path / "headless")
    # The package comes with the ml extra.
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if not name.startswith("classifier.")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})

    why = reason(classification=str(folder))
    assert "is not an NLI model: it lacks the weights classifier.bias, classifier.weight" in why


async def test_the_worker_ends_with_one_line(settings: Settings, minilm_folder: Path) -> None:
    """Nothing that the libraries print gets into the log."""
    chosen = {"CLASSIFIER": "zero-shot", "CLASSIFICATION_MODEL": str(minilm_folder)}
    lines = await failed_start("worker", settings, chosen)

    (line,) = (line for line in lines if line["level"] != "info")
    assert (line["message"], line["level"]) == ("worker.stopped", "error")
    assert (line["error"], line["reason"]) == (
        "engine_unavailable",
        f"CLASSIFICATION_MODEL={minilm_folder} is not an NLI model: "
        "its labels are LABEL_0, LABEL_1, none of them entailment.",
    )
