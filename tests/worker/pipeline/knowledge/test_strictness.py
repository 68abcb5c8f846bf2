"""A mistake in a knowledge file is reported with the file, the key and what was probably meant."""

import pytest

from worker.pipeline.knowledge.country_clues import AllClues
from worker.pipeline.knowledge.currencies import Currencies
from worker.pipeline.knowledge.files import KnowledgeError, check_names, parse_table
from worker.pipeline.knowledge.groceries import Grocery
from worker.pipeline.knowledge.translations import ForeignWords
from worker.pipeline.knowledge.units import Units
from worker.pipeline.knowledge.vocabulary import Language


def message(text: str, schema: type = Language) -> str:
    """Return the error for a file with this text."""
    with pytest.raises(KnowledgeError) as error:
        parse_table(text, "xx.toml", schema)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("nam = 'X'\nname = 'X'", "nam is unknown; did you mean name?"),
        ("name = 'X'\n[lables]", "lables is unknown; did you mean labels?"),
        ("name = 'X'\n[labels.totl]", "labels.totl is unknown; did you mean total?"),
        ("name = 'X'\n[labels.total]\nbegin = []",
         "labels.total.begin is unknown; did you mean begins?"),
        ("name = 'X'\n[months]\njannuary = ['jan']",
         "months.jannuary is unknown; did you mean january?"),
    ],
)  # fmt: skip
def test_a_typo_is_answered_with_the_nearest_key(text: str, detail: str) -> None:
    """The error has the dotted path of the key, at any depth."""
    assert f"xx.toml: {detail}" in message(text)


@pytest.mark.parametrize(
    ("schema", "text", "detail"),
    [
        (Currencies, "[currencies.PLN]\ndate_ordr = 'either'",
         "currencies.PLN.date_ordr is unknown; did you mean date_order?"),
        (Currencies, "[currencies.PLN]\nsignz = ['a']",
         "currencies.PLN.signz is unknown; did you mean signs?"),
        (Currencies, "[currencies.pln]", "currencies.pln: String should match pattern"),
        (AllClues, "[PL]\npostcode_points = 9", "PL.postcode_points: Input should be less"),
        (Grocery, "[topics.cheese]\nnames = []\nexamples = ['brie']\nrelatd = []\n[categories]",
         "topics.cheese.relatd is unknown; did you mean related?"),
        (Units, "[kg]\nprinted = ['kg']\nmost = '5'", "kg.most: Input should be a valid integer"),
        (ForeignWords, "[hole]\nbread = ['pan']", "hole is unknown; did you mean whole?"),
    ],
)  # fmt: skip
def test_every_kind_of_file_is_checked(schema: type, text: str, detail: str) -> None:
    """Tables with free names, and lists of tables, are checked inside, too."""
    assert f"xx.toml: {detail}" in message(text, schema)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "name: Field required"),
        ("name = 5", "name: Input should be a valid string"),
        ("name = 'X'\n[counts]\nwords = 'items'", "counts.words: Input should be a valid tuple"),
        ("name = 'X'\n[counts]\nwords = [5]", "counts.words.0: Input should be a valid string"),
        ("name = 'X'\n[counts]\nwords = ['Item']", "'Item' has to be in lower case"),
        ("name = 'X'\n[counts]\nwords = ['item', 'art', 'ítem']", "'ítem' is listed twice"),
        ("name = 'X'\n[counts]\nwords = ['item[s']", "'item[s' has a bracket that is not closed"),
        ("name = 'X'\n[counts]\nwords = ['ite(m]s']", "'ite(m]s' has a bracket"),
        ("name = 'X'\n[counts]\nwords = [' item']", "' item' is empty or has blanks around it"),
        ("name = 'X'\n[months]\nmay = ['mai']", "months: missing: january, february"),
        ("name = 'X'\nname = 'Y'", "Cannot overwrite a value"),
    ],
)
def test_other_mistakes_are_reported(text: str, detail: str) -> None:
    """Missing keys, wrong types, words in capitals or listed twice, and broken notation."""
    assert message(text).startswith("xx.toml: ")
    assert detail in message(text)


def test_names_from_another_file_are_checked() -> None:
    """The topics in brands.toml and the languages in abbreviations.toml are such names."""
    with pytest.raises(KnowledgeError, match=r"brands.toml: brands\.chese is unknown.*mean cheese"):
        check_names("brands.toml", "brands", ["chese"], ["bread", "cheese"])
    with pytest.raises(KnowledgeError, match=r"x.toml: a\.zzz is unknown; valid are bread, cheese"):
        check_names("x.toml", "a", ["zzz"], ["bread", "cheese"])
