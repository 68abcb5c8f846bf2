"""What a label means: a few sentences for any label, many examples for the common grocery ones."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files


class LabelMeanings:
    """Turns a label into the texts that stand for it."""

    def __init__(self, examples: Mapping[str, Sequence[str]]) -> None:
        """`examples`: by normalised name of a label."""
        self._examples = examples

    def texts(self, label: str) -> list[str]:
        """The label itself first, then what is known to belong there."""
        return [label, *self._examples.get(_normalised(label), ())]


def load_meanings() -> LabelMeanings:
    """The grocery categories of `grocery.toml`."""
    text = files("worker.pipeline.meaning").joinpath("grocery.toml").read_text(encoding="utf-8")
    return LabelMeanings(
        {
            _normalised(name): category["examples"]
            for category in tomllib.loads(text).values()
            for name in category["names"]
        }
    )


def _normalised(label: str) -> str:
    """Without case, punctuation and the difference between `&` and `and`."""
    return re.sub(r"\W+", " ", label.lower().replace("&", " and ")).strip()
