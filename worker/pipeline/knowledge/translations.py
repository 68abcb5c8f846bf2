"""Loads what words on receipts stand for: `abbreviations.toml` and `foreign_words/`."""

from collections.abc import Mapping
from functools import cache

from pydantic import Field, RootModel

from worker.pipeline.knowledge.files import (
    KnowledgeError,
    Table,
    Words,
    check_names,
    load_folder,
    load_table,
)
from worker.pipeline.knowledge.languages import languages


class Abbreviations(RootModel[dict[str, dict[str, str]]]):
    """The schema of `abbreviations.toml`: by language, what short forms stand for."""


class ForeignWords(Table):
    """The schema of a file in `foreign_words/`: lists of foreign words by their English.

    Those in `compounding` are also looked for as parts of longer words.
    """

    compounding: dict[str, Words] = Field(default_factory=dict)
    whole: dict[str, Words] = Field(default_factory=dict)


@cache
def load_short_forms() -> Mapping[str, str]:
    """Load the meanings of the abbreviations of all languages.

    Raises KnowledgeError, also if an abbreviation has two meanings.
    """
    by_language = load_table("abbreviations.toml", Abbreviations).root
    check_names("abbreviations.toml", "abbreviations", by_language, languages())
    meanings: dict[str, str] = {}
    for language, short_forms in by_language.items():
        for short, meaning in short_forms.items():
            _add(meanings, short, meaning, f"abbreviations.toml: {language}")
    return meanings


@cache
def load_translations() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Load English by foreign word: the words that stand alone, and those that form compounds.

    Raises KnowledgeError, also if a word means two things, since the language of a name is unknown.
    """
    whole: dict[str, str] = {}
    compounding: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, words in load_folder("foreign_words", ForeignWords).items():
        for key, table, found in (
            ("compounding", words.compounding, compounding),
            ("whole", words.whole, whole),
        ):
            for english, foreign in table.items():
                for word in foreign:
                    _add(known, word, english, f"foreign_words/{name}.toml: {key}")
                    found[word] = english
    return whole, compounding


def _add(meanings: dict[str, str], word: str, meaning: str, where: str) -> None:
    other = meanings.setdefault(word, meaning)
    if other != meaning:
        raise KnowledgeError(f"{where}.{word} is {meaning!r} here and {other!r} elsewhere")
