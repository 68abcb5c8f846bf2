"""Loads the chains of shops: `chains.toml` by the currency that they take, `slogans.toml` what else
they print."""

from collections.abc import Mapping
from functools import cache

from pydantic import RootModel, model_validator

from worker.pipeline.knowledge.currencies import load_currencies
from worker.pipeline.knowledge.files import Words, check_names, load_table
from worker.pipeline.words.folding import folded

FILE = "chains.toml"
SLOGANS = "slogans.toml"
# The key of the chains that have shops in countries of different currencies.
SEVERAL = "several"


class Chains(RootModel[dict[str, Words]]):
    """The names of chains by ISO 4217 code, or by `several`."""

    @model_validator(mode="after")
    def _each_once(self) -> "Chains":
        names = [folded(name) for listed in self.root.values() for name in listed]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return self


class Slogans(RootModel[dict[str, Words]]):
    """The slogans of chains, by the names of the chains."""


@cache
def load_chains() -> Mapping[str, tuple[str, ...]]:
    """Load the names of chains by currency, spelt as the chains do. Raises KnowledgeError."""
    chains = load_table(FILE, Chains).root
    check_names(FILE, "chains", chains, [*load_currencies().currencies, SEVERAL])
    return chains


@cache
def load_slogans() -> Mapping[str, tuple[str, ...]]:
    """Load the slogans by the names of the chains. Raises KnowledgeError."""
    slogans = load_table(SLOGANS, Slogans).root
    check_names(
        SLOGANS, "chains", slogans, [name for names in load_chains().values() for name in names]
    )
    return slogans
