"""Grocery words of other languages, in the language that the model knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.meaning.groceries.foreign_words import load_foreign_words

in_english = load_foreign_words().in_english


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("Bananen", "bananas"),
        ("BIO VOLLMILCH 3,5%", "organic milk 3,5%"),
        ("Käse", "cheese"),
        ("Petto di pollo", "chicken breast"),
        ("Pommes de terre", "potatoes"),
        ("Jus d'orange sans pulpe", "orange juice sans pulpe"),
        ("leche entera 1L", "milk whole 1L"),
        ("Appelsap", "apple juice"),
        ("Masło Extra 82%", "butter Extra 82%"),
        ("Filet z kurczaka", "chicken breast"),
        ("PŁYN DO NACZYŃ", "dish soap"),
        ("Mellanmjölk", "milk"),
        ("Köttbullar", "meatballs"),
        ("Mjölkchoklad", "chocolate"),
        ("Pão de Forma", "sandwich bread"),
        ("Frango Congelado", "chicken frozen"),
        ("Feijão Preto 1kg", "black beans 1kg"),
    ],
)
def test_words_and_phrases(name: str, english: str) -> None:
    """With or without accents and capitals; the longest phrase first; the rest stays."""
    assert in_english(name) == english


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("Roggenbrot", "rye bread"),
        ("Kartoffelsuppe", "potatoes soup"),
        ("Rindersteak mit Pfeffer", "Rindersteak mit pepper"),
        ("Erdbeerjoghurt", "strawberries yogurt"),
        ("Kalbsleberwurst", "veal liver sausage"),
        ("Zonnebloembrood", "sunflower bread"),
        ("Kürbiskernbrot", "bread"),
    ],
)
def test_german_and_dutch_compounds(name: str, english: str) -> None:
    """What a word ends with is what it is; what it starts with helps where it is known."""
    assert in_english(name) == english


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("Worstjes", "sausage"),
        ("Frambozentaartje", "raspberries cake"),
        ("LENTICC. SECCHE", "lentils. SECCHE"),
        ("ZANAHOR.", "carrots."),
    ],
)
def test_small_ones_and_cut_off_ones(name: str, english: str) -> None:
    """A Dutch diminutive is the thing; a dot ends a word that a till cut off."""
    assert in_english(name) == english


@pytest.mark.parametrize("name", ["AB.", "Best.", "Xyzz. Qwert."])
def test_a_start_that_says_nothing_stays(name: str) -> None:
    """Too short, or the start of nothing."""
    assert in_english(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Pain reliever", "Oat latte", "Frying pan", "Cough drops", "Sale: corn dogs",
        "Rice pudding", "Graham crackers", "Committee coffee", "Preisler", "12 OZ", "", "  ",
        "Asap delivery", "Room spray", "Lemon rind", "Butter roti",
    ],
)  # fmt: skip
def test_english_stays_as_it_is(name: str) -> None:
    """Also where a word of another language looks like an English one."""
    assert in_english(name) == name


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Nothing fails, and nothing but words changes."""
    digits = [letter for letter in text if letter.isdigit()]
    assert [letter for letter in in_english(text) if letter.isdigit()] == digits
