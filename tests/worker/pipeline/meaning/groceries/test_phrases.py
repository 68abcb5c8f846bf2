"""What the words of a name say of its topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.meaning.groceries.loading import load_phrases
from worker.pipeline.words.comparing import comparable, singular

PHRASES = load_phrases()
WORDS = ["banana", "bread", "cat", "with", "of", "Milk", "Oreo", "shampoo", "12", "oz", "xyz", ","]
names = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=8).map(" ".join)


def spoken_for(name: str) -> str | None:
    """The topic that most speaks for."""
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
    """Not what it is made of, tastes of, goes with or comes in."""
    assert spoken_for(name) == topic


def test_a_brand_speaks_where_no_thing_does() -> None:
    """And gives way to what the thing is, where that is said."""
    assert spoken_for("Oreo Double 12 oz") == "cookies"
    assert spoken_for("Philadelphia") == "cheese"
    assert spoken_for("Heinz") == "sauces"
    assert PHRASES.evidence("Heinz Tomato Soup")["soup"] > 0.3


def test_a_longer_phrase_hides_the_words_in_it() -> None:
    """Ice cream is no cream."""
    assert set(PHRASES.evidence("ice cream")) == {"ice_cream"}
    assert "pets" not in PHRASES.evidence("hot dog")


def test_a_translated_name_may_begin_with_its_head() -> None:
    """As in yogurt fraise: put in English word by word, the flavour stands last."""
    plain = PHRASES.evidence("yogurt strawberry")
    translated = PHRASES.evidence("yogurt strawberry", translated=True)

    assert translated["yogurt"] > plain["yogurt"]


def test_unknown_words_say_nothing() -> None:
    """Nor does an empty name."""
    assert PHRASES.evidence("qwertz 12 x") == {}
    assert PHRASES.evidence("") == {}


@given(names, st.booleans())
def test_evidence_is_a_share(name: str, translated: bool) -> None:
    """Whatever the name: each above zero, together at most one."""
    evidence = PHRASES.evidence(name, translated)

    assert all(weight > 0 for weight in evidence.values())
    assert sum(evidence.values()) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("one", "many"),
    [("tomato", "tomatoes"), ("berry", "berries"), ("cookie", "cookies"), ("peach", "peaches"),
     ("box", "boxes"), ("radish", "radishes"), ("apple", "apples"), ("hummus", "hummus")],
)  # fmt: skip
def test_singular_and_plural_are_the_same(one: str, many: str) -> None:
    """However it is spelled."""
    assert singular(one) == singular(many)


@given(st.text(max_size=60))
def test_case_and_accents_change_no_word(text: str) -> None:
    """A till shouts."""
    assert comparable("Crème Brûlée, Lay\u2019s") == ["creme", "brulee", "lay"]
    assert comparable("Masło, rødbeder") == ["maslo", "rodbeder"]
    assert all(word == word.lower() for word in comparable(text))
