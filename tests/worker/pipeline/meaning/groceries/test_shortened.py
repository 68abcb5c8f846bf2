"""Words that a till has shortened in its own way are written out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.meaning.groceries.known_groceries import load_shortened
from worker.pipeline.meaning.groceries.shortened import Shortened

written_out = load_shortened().written_out


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("CRMBLD FETA", "crumbled FETA"), ("TYLNL", "tylenol"), ("SPGHTTI", "spaghetti"),
        ("ASPRGUS", "asparagus"), ("2 PNCAKES", "2 pancake"), ("CINNMN", "cinnamon"),
        ("HAZELN COFFEE", "hazelnut COFFEE"), ("BLBRRY MUFFN", "blueberry muffin"),
    ],
)  # fmt: skip
def test_vowels_and_ends_are_restored(printed: str, name: str) -> None:
    """Only one known word has these consonants or this beginning."""
    assert written_out(printed) == name


@pytest.mark.parametrize(
    "name",
    ["Plain and dry", "Lemon", "XL", "H&M", "Tomatensaft", "3IN1", "Spring", "", "  ", "QWRTZPLK"],
)
def test_other_words_stay_as_they_are(name: str) -> None:
    """Known words, codes, foreign words and letters that are like no word stay."""
    assert written_out(name) == name


def test_an_ambiguous_form_stays() -> None:
    """An ambiguous form is written out only if one of its words is much more common."""
    equal = Shortened(["bitter lemon", "batter mix"], [])
    unequal = Shortened(["bitter", "butter", "salted butter", "soft butter"], [])

    assert equal.written_out("BTTR") == "BTTR"
    assert unequal.written_out("BTTR") == "butter"


def test_forms_that_are_too_short_are_guessed() -> None:
    """Guesses apply to whole words, singular or plural."""
    known = Shortened([], [], {"rce": "rice"})

    assert known.written_out("RCES 2KG") == "rice 2KG"
    assert known.written_out("FRCE") == "FRCE"


def test_a_brand_must_have_kept_more_consonants() -> None:
    """A brand may look like any word, and three consonants match too often by chance."""
    known = Shortened([], ["Bolero", "Gorandolo"])

    assert known.written_out("BLR") == "BLR"
    assert known.written_out("GRNDLO") == "gorandolo"


@given(st.text(max_size=60))
def test_writing_out_again_changes_nothing(text: str) -> None:
    """Digits are not touched, either."""
    once = written_out(text)

    assert written_out(once) == once
    assert [c for c in once if c.isdigit()] == [c for c in text if c.isdigit()]
