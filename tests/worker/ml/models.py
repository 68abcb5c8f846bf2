"""Makes small models for the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordPiece

if TYPE_CHECKING:
    from transformers import BertTokenizerFast

NLI_LABELS = ("contradiction", "entailment", "neutral")
# The longest input of the models, in tokens.
POSITIONS = 256
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz&{}."


def save_tiny_bert(folder: Path, labels: Sequence[str] = NLI_LABELS) -> Path:
    """Save a BERT of two small layers that reads pairs of texts letter by letter.

    Its weights are random but the same each time, and large enough for scores that differ clearly.
    Returns `folder`.
    """
    # The tests import these inside functions too: the import takes seconds, and every process that
    # runs tests imports all test modules.
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=len(_vocabulary()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
        initializer_range=0.5,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BertForSequenceClassification(config).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def _vocabulary() -> dict[str, int]:
    words = [*_SPECIAL, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    return {word: number for number, word in enumerate(words)}


def _tokenizer() -> "BertTokenizerFast":
    """Return a WordPiece tokenizer of single letters. Like many on the hub, it does not know the
    longest input of its model."""
    from transformers import BertTokenizerFast

    vocabulary = _vocabulary()
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return BertTokenizerFast(tokenizer_object=tokenizer)
