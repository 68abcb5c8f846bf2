"""Grocery words of other languages become English, the language that the default model knows."""

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
        ("Zmrzlina vanilková", "ice cream vanilková"),
        ("DANA KIYMA", "ground beef"),
        ("ekmeği", "bread"),
        ("Jordbærsyltetøy", "strawberries jam"),
        ("Kaurapuuro", "oats porridge"),
        ("Csokoládétorta", "chocolate cake"),
        ("Ulei de măsline 0,5L", "olive oil 0,5L"),
        ("Сыр плавленый", "processed cheese"),
        ("Йогурт", "yogurt"),
        ("Μέλι θυμαρίσιο", "honey θυμαρίσιο"),
        ("冷凍ブロッコリー200g", "frozen broccoli200g"),
        ("新鲜草莓", "strawberries"),
        ("딸기 우유", "strawberries milk"),
        ("Nước mắm 500ml", "fish sauce 500ml"),
        ("MINYAK GORENG 1L", "cooking oil 1L"),
        ("Palta Hass", "avocado Hass"),
    ],
)
def test_words_and_phrases_are_translated(name: str, english: str) -> None:
    """Accents and capitals do not matter, the longest phrase wins, and the rest stays."""
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
def test_german_and_dutch_compounds_are_translated(name: str, english: str) -> None:
    """The end of a compound says what the thing is; its start helps if it is known."""
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
def test_diminutives_and_cut_off_words_are_translated(name: str, english: str) -> None:
    """A Dutch diminutive means the thing itself; a dot ends a word that a till cut off."""
    assert in_english(name) == english


@pytest.mark.parametrize("name", ["AB.", "Best.", "Xyzz. Qwert."])
def test_a_cut_off_word_that_is_unclear_stays(name: str) -> None:
    """A form stays if it is too short, or if no known word starts with it."""
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
    """English words that look like those of another language are left alone."""
    assert in_english(name) == name


@given(st.text(max_size=60))
def test_digits_stay_in_any_text(text: str) -> None:
    """Only words are translated, and no text is an error."""
    digits = [letter for letter in text if letter.isdigit()]
    assert [letter for letter in in_english(text) if letter.isdigit()] == digits
