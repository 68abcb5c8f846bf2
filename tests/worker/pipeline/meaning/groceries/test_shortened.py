"""Words that a till has shortened in its own way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.meaning.groceries.loading import load_shortened
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
def test_vowels_and_ends_are_put_back(printed: str, name: str) -> None:
    """Where one word only has these consonants, or begins so."""
    assert written_out(printed) == name


@pytest.mark.parametrize(
    "name",
    ["Plain and dry", "Lemon", "XL", "H&M", "Tomatensaft", "3IN1", "Spring", "", "  ", "QWRTZPLK"],
)
def test_words_stay_as_they_are(name: str) -> None:
    """Known ones, codes, those of other languages, and what nothing is like."""
    assert written_out(name) == name


def test_what_can_be_two_things_stays() -> None:
    """Unless one of them is much more common."""
    one = Shortened(["bitter lemon", "batter mix"], [])
    other = Shortened(["bitter", "butter", "salted butter", "soft butter"], [])

    assert one.written_out("BTTR") == "BTTR"
    assert other.written_out("BTTR") == "butter"


def test_guesses_are_made_of_what_is_too_short_to_tell() -> None:
    """Of whole words, singular or plural."""
    known = Shortened([], [], {"rce": "rice"})

    assert known.written_out("RCES 2KG") == "rice 2KG"
    assert known.written_out("FRCE") == "FRCE"


def test_a_brand_must_have_kept_more() -> None:
    """Its name is like any other word; of three consonants, chance has too many."""
    known = Shortened([], ["Bolero", "Gorandolo"])

    assert known.written_out("BLR") == "BLR"
    assert known.written_out("GRNDLO") == "gorandolo"


@given(st.text(max_size=60))
def test_writing_out_again_changes_nothing(text: str) -> None:
    """Whatever was printed; and digits are not touched."""
    once = written_out(text)

    assert written_out(once) == once
    assert [c for c in once if c.isdigit()] == [c for c in text if c.isdigit()]
