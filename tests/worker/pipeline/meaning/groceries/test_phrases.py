"""The words of a name as evidence for its topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.meaning.groceries.known_groceries import load_phrases
from worker.pipeline.words.comparing import comparable, singular

PHRASES = load_phrases()
WORDS = ["banana", "bread", "cat", "with", "of", "Milk", "Oreo", "shampoo", "12", "oz", "xyz", ","]
names = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=8).map(" ".join)


def likeliest_topic(name: str) -> str | None:
    """Return the topic with the most evidence, or None if there is none."""
    evidence = PHRASES.evidence(name)
    return max(evidence, key=lambda topic: evidence[topic], default=None)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Banana Bread Mix", "baking"),
        ("Lemon Pepper Seasoning", "spices"),
        ("Coconut Shampoo", "hair"),
        ("Chocolate Chip Cookies, 12 oz", "cookies"),
        ("Crackers with Cheese", "crackers"),
        ("Beef Flavored Dog Biscuits", "pets"),
        ("Treats for Cats, Salmon", "pets"),
        ("Peach Iced Tea 6 pk", "soft_drinks"),
        ("Tuna in Olive Oil", "canned"),
    ],
)
def test_the_head_says_what_a_thing_is(name: str, topic: str) -> None:
    """What it is made of, tastes of, goes with or comes in does not."""
    assert likeliest_topic(name) == topic


def test_a_brand_decides_if_nothing_else_does() -> None:
    """A brand gives way to a word that says what the thing is."""
    assert likeliest_topic("Oreo Double 12 oz") == "cookies"
    assert likeliest_topic("Philadelphia") == "cheese"
    assert likeliest_topic("Heinz") == "sauces"
    assert PHRASES.evidence("Heinz Tomato Soup")["soup"] > 0.3


def test_a_longer_phrase_hides_the_words_in_it() -> None:
    """Ice cream is not cream."""
    assert set(PHRASES.evidence("ice cream")) == {"ice_cream"}
    assert "pets" not in PHRASES.evidence("hot dog")


def test_a_translated_name_may_begin_with_its_head() -> None:
    """The flavour comes last if "yogurt fraise" is translated word by word."""
    plain = PHRASES.evidence("yogurt strawberry")
    translated = PHRASES.evidence("yogurt strawberry", translated=True)

    assert translated["yogurt"] > plain["yogurt"]


def test_unknown_words_are_no_evidence() -> None:
    """Unknown words and an empty name give no evidence."""
    assert PHRASES.evidence("qwertz 12 x") == {}
    assert PHRASES.evidence("") == {}


@given(names, st.booleans())
def test_weights_are_positive_and_sum_to_at_most_one(name: str, translated: bool) -> None:
    """The name may be any text, translated or not."""
    evidence = PHRASES.evidence(name, translated)

    assert all(weight > 0 for weight in evidence.values())
    assert sum(evidence.values()) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("name", "plural"),
    [("tomato", "tomatoes"), ("berry", "berries"), ("cookie", "cookies"), ("peach", "peaches"),
     ("box", "boxes"), ("radish", "radishes"), ("apple", "apples"), ("hummus", "hummus")],
)  # fmt: skip
def test_singular_and_plural_are_the_same(name: str, plural: str) -> None:
    """The cases cover the endings of English plurals."""
    assert singular(name) == singular(plural)


@given(st.text(max_size=60))
def test_comparable_words_have_no_case_and_no_accents(text: str) -> None:
    """Tills print names in capitals, and engines lose accents."""
    assert comparable("Crème Brûlée, Lay\u2019s") == ["creme", "brulee", "lay"]
    assert comparable("Masło, rødbeder") == ["maslo", "rodbeder"]
    assert all(word == word.lower() for word in comparable(text))
