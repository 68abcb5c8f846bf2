"""The notation of phrases in the knowledge files."""

import re

import pytest

from worker.pipeline.knowledge.patterns import any_of, pattern_of, whole


@pytest.mark.parametrize(
    ("phrase", "printed", "others"),
    [
        ("total", ["total", "TOTAL"], ["totals", "tota"]),
        ("total[s]", ["total", "totals"], ["totale"]),
        ("total [of ]items", ["total items", "total of items"], ["total ofitems"]),
        ("(net|grand) total", ["net total", "GRAND TOTAL"], ["total"]),
        ("rundung*", ["rundung", "Rundungsdifferenz"], ["rundung 5"]),
        ("sub-total", ["subtotal", "sub-total", "sub - total"], ["sub to total"]),
        ("d'articles", ["d'articles", "d`articles", "darticles"], ["d''articles"]),
        ("no[.][ ]#", ["no 5", "no.12", "no. 1.250"], ["no.", "no x"]),
        ("rückgeld", ["Rückgeld", "RUCKGELD", "RUECKGELD"], ["rackgeld"]),
        ("straße", ["Straße", "STRASSE"], []),
        ("zł", ["zł", "ZŁ"], ["z"]),
        ("p.iva", ["P.IVA"], ["pxiva"]),
        ("r$", ["R$"], ["R"]),
        ("toplam\u0131", ["TOPLAMI"], ["TOPLAM"]),
        ("\u0441\u0443\u043c\u0430", ["\u0421\u0423\u041c\u0410", "CYMA"], ["SUMA"]),
        ("t\u1ed5ng", ["T\u1ed4NG", "T\u00f4ng", "Tong"], ["tang"]),
    ],
)  # fmt: skip
def test_what_a_phrase_matches(phrase: str, printed: list[str], others: list[str]) -> None:
    """The cases cover each line of the table in patterns.py; other characters match themselves."""
    pattern = re.compile(pattern_of(phrase), re.IGNORECASE)

    assert [text for text in printed if not pattern.fullmatch(text)] == []
    assert [text for text in others if pattern.fullmatch(text)] == []


def test_no_phrases_match_nothing() -> None:
    """An empty list must not match every row."""
    assert not re.search(any_of([]), "")
    assert not re.search(whole([]), "total")


def test_whole_matches_whole_words_only() -> None:
    """A letter or digit on either side makes it another word."""
    pattern = re.compile(whole(["art"]))

    assert pattern.search("5 art.")
    assert not pattern.search("start")
    assert not pattern.search("art5")
