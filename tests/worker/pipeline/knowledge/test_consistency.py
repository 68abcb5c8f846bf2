"""The shipped knowledge files pass their schemas and do not contradict each other."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest

from shared.contracts.iso_codes import COUNTRIES, CURRENCIES
from worker.pipeline.knowledge.chains import SEVERAL, load_chains
from worker.pipeline.knowledge.countries import load_countries
from worker.pipeline.knowledge.currencies import load_currencies
from worker.pipeline.knowledge.files import Table
from worker.pipeline.knowledge.groceries import load_brands, load_grocery, load_products
from worker.pipeline.knowledge.languages import languages
from worker.pipeline.knowledge.patterns import pattern_of
from worker.pipeline.knowledge.row_words import Wordings
from worker.pipeline.knowledge.translations import load_short_forms, load_translations
from worker.pipeline.knowledge.units import load_units
from worker.pipeline.reading.rows.kinds import row_kind
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.words.folding import folded

LANGUAGES = languages()
# Languages beside another one on the same receipts, and languages whose months are numbers.
NOT_WHOLE = {"ms", "hr", "ja", "ko", "vi", "zh"}


def phrases(table: Table) -> Iterator[str]:
    """Yield all phrases and words of a table and of the tables in it."""
    for _, value in table:
        if isinstance(value, Table):
            yield from phrases(value)
        elif isinstance(value, tuple):
            yield from value


def examples(phrase: str) -> set[str]:
    """Return what a phrase matches at its shortest, and with every optional part."""
    return {_plain(phrase, optional) for optional in (False, True)}


def _plain(phrase: str, optional: bool) -> str:
    group = re.compile(r"\(([^()\[\]|]*)[^()\[\]]*\)|\[([^()\[\]]*)\]")
    while group.search(phrase):
        phrase = group.sub(
            lambda match: match[1] or (match[2].split("|")[0] if match[2] and optional else ""),
            phrase,
            count=1,
        )
    spelled = re.sub(r"(?<!\S)\*(?!\S)", "word", phrase)
    spelled = spelled.replace("#", "5").replace("-", " ").replace("*", "")
    return " ".join(spelled.split())


LABELS = [
    (code, kind, label)
    for code, language in LANGUAGES.items()
    for kind, wordings in language.labels
    if isinstance(wordings, Wordings)
    for phrase in (*wordings.exactly, *wordings.begins, *wordings.contains, *wordings.ends)
    for label in sorted(examples(phrase))
    if len(label) > 1
]


@pytest.mark.parametrize(("code", "kind", "label"), LABELS)
def test_a_label_decides_the_kind_of_its_row(code: str, kind: str, label: str) -> None:
    """No label is mistaken for another kind because of a word in the same or another language."""
    assert row_kind(f"{label.upper()} 5.00", len(label)) == RowKind(kind)


@pytest.mark.parametrize(
    ("code", "before", "tax"),
    [
        (code, before, tax)
        for code, language in LANGUAGES.items()
        for before, tax in product((*language.taxes.before, ""), language.taxes.names)
    ],
)
def test_a_tax_is_a_tax_behind_any_word_before_it(code: str, before: str, tax: str) -> None:
    """The empty word stands for the tax by itself."""
    for word, name in product(examples(before), examples(tax)):
        assert row_kind(f"{word} {name} 5.00".strip().upper()) is RowKind.TAX


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_is_well_formed(code: str) -> None:
    """The file is named by an ISO 639-1 code; the phrases compile and do not match nothing."""
    language = LANGUAGES[code]

    assert re.fullmatch("[a-z]{2}", code)
    assert language.tesseract is None or re.fullmatch("[a-z]{3}", language.tesseract)
    for phrase in phrases(language.model_copy(update={"compounds": None})):
        assert not re.fullmatch(pattern_of(phrase), ""), phrase


@pytest.mark.parametrize("code", sorted({*LANGUAGES} - NOT_WHOLE))
def test_a_language_can_read_a_whole_receipt(code: str) -> None:
    """The language has words for everything that each receipt prints."""
    language = LANGUAGES[code]

    for table in (language.labels.total, language.labels.payment, language.labels.change,
                  language.taxes, language.headings, language.months, language.dates,
                  language.discounts, language.merchants, language.names):  # fmt: skip
        assert list(phrases(table)), table


def test_a_month_has_one_number() -> None:
    """The language of a receipt is unknown when its date is read."""
    numbers: dict[str, set[str]] = {}
    for language in LANGUAGES.values():
        for month, names in language.months:
            for name in names:
                numbers.setdefault(folded(name), set()).add(month)

    assert {name: months for name, months in numbers.items() if len(months) > 1} == {}


def test_every_country_has_one_currency() -> None:
    """The codes are those that requests may name. Antarctica has no money."""
    known = load_countries()
    countries = [country for listed in known.currencies.values() for country in listed]

    assert sorted([*countries, "AQ"]) == sorted(COUNTRIES)
    assert set(known.currencies) <= CURRENCIES
    assert not set(known.month_first) & set(known.year_first)


def test_currencies_are_those_of_iso_4217() -> None:
    """What is printed beside amounts belongs to one currency only."""
    known = load_currencies()

    # Croatia and Bulgaria have the euro now, but receipts are older.
    assert set(known.currencies) <= CURRENCIES | {"BGN", "HRK"}
    beside = [phrase for currency in known.currencies.values() for phrase in currency.beside]
    assert len(set(beside)) == len(beside)


def test_chains_take_a_known_currency() -> None:
    """Every currency is known, and no name is too short to be looked for."""
    chains = load_chains()

    assert set(chains) - {SEVERAL} <= set(load_currencies().currencies)
    assert [name for names in chains.values() for name in names if len(name) < 3] == []


def test_groceries_are_consistent() -> None:
    """No label is used twice, no example is in two topics, and no topic is also a category."""
    grocery = load_grocery()
    known = [*grocery.topics.values(), *grocery.categories.values()]
    labels = Counter(name.lower() for entry in known for name in entry.names)
    things = Counter(text for topic in grocery.topics.values() for text in topic.examples)

    assert [name for name, count in labels.items() if count > 1] == []
    assert [text for text, count in things.items() if count > 1] == []
    assert not {*grocery.topics} & {*grocery.categories}


def test_products_and_brands_have_a_topic() -> None:
    """Loading them checks that the topics exist, and no list is empty."""
    assert all(load_products().things.values())
    assert all(load_brands().values())
    assert set(load_products().non_food.topics) <= set(load_products().things)


def test_foreign_words_are_listed_as_they_are_looked_up() -> None:
    """Words are in lower case without accents; loading checks that each has one meaning."""
    whole, compounding = load_translations()

    assert [word for word in (*whole, *compounding) if folded(word) != word] == []


def test_abbreviations_are_listed_as_they_are_looked_up() -> None:
    """Abbreviations are in lower case without accents."""
    assert [short for short in load_short_forms() if folded(short) != short] == []


def test_no_two_units_are_printed_alike() -> None:
    """A size with such a unit could have either meaning."""
    printed = Counter(phrase for unit in load_units().values() for phrase in unit.printed)

    assert [phrase for phrase, count in printed.items() if count > 1] == []
