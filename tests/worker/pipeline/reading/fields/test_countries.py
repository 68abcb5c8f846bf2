"""The country of a receipt is found by what its law and its tills print."""

import pytest

from tests.worker.pipeline.reading.printed import read
from worker.pipeline.knowledge.country_clues import load_country_clues
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.fields.countries import FoundCountry, find_country, tax_id
from worker.pipeline.reading.rows.layout import read_rows


def country(text: str, currency: str | None = None) -> FoundCountry:
    """Find the country of rows of text."""
    lines = [
        TextLine((Word(row, 0, 30 * number, 200, 30 * number + 20, 0.95),))
        for number, row in enumerate(text.splitlines())
    ]
    return find_country(read_rows(lines), currency)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NIP 123-456-78-90\nSuma PLN 5,00", "PL"), ("Org.nr 987 654 321 MVA\nOslo", "NO"),
        ("CNPJ 12.345.678/0001-90", "BR"), ("RUT: 76.123.456-7\nSantiago", "CL"),
        ("ABN 12 345 678 901", "AU"), ("GST No. 12-345-678\nAuckland", "NZ"),
        ("GSTIN 19AABCR1718E1ZM", "IN"), ("Dhaka 1209\nMushak 6.3", "BD"),
        ("C.I.F. RO12345678\nBON FISCAL", "RO"), ("ATU12345678\nWien", "AT"),
        ("USt-IdNr DE123456789", "DE"), ("MST: 0312345678\nTP. HCM", "VN"),
        ("www.zephyra.com.tr\nKDV", "TR"), ("+420 123 456 789\nDPH", "CZ"),
        ("Springfield, IL 62704", "US"), ("Zephyra", None), ("GST", None),
    ],
)  # fmt: skip
def test_the_country_is_found(text: str, code: str | None) -> None:
    """A taxpayer's number, a place, a telephone number, a domain or words of its law show it."""
    found = country(f"Zephyra\n{text}")

    assert found.code == code
    assert (found.confidence > 0.5) == (code is not None)
    assert bool(found.rows) == (code is not None)


def test_a_currency_of_one_country_shows_it() -> None:
    """The euro has many countries, so it shows none."""
    assert country("Zephyra", "PLN").code == "PL"
    assert country("Zephyra", "EUR").code is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Total $5.00\nABN 12 345 678 901", "AUD"), ("Total $5.00\nGST 15% 0.65", "NZD"),
        ("Total $5.00\nRFC ABC123456XY9", "MXN"), ("Total $ 5,00\nRUT 76.123.456-7", "CLP"),
        ("Total $5.00\n12/25/2025 10:10", "USD"), ("Total $5.00\n2.1 lb @ $1.00/lb", "USD"),
        ("Total 5,00 kr\nDankort", "DKK"), ("Total 5,00 kr\nBankAxept", "NOK"),
        ("Total Rs. 5.00", "INR"), ("Total Rs. 5.00\nKarachi", "PKR"),
        ("TOTAL 5,00\nBON FISCAL\nTVA", "RON"), ("Total 5,00 lei", "RON"),
        # The rate, and the same amount in another currency, are not what was paid.
        ("UKUPNO HRK 37,67\nEUR 5,00\n1 EUR = 7,53450 HRK", "HRK"),
        ("TOTAL CHF 5.00\nEUR 4.80", "CHF"),
        ("Total \\u00a5500\\n\\u5408\\u8a08 \\u00a5500\\n\\u304a\\u91e3\\u308a \\u00a50", "JPY"),
    ],
)  # fmt: skip
def test_evidence_decides_what_a_shared_sign_stands_for(text: str, code: str) -> None:
    """The country gives the sign its meaning; equivalents in other currencies do not win."""
    text = text.encode().decode("unicode_escape") if "\\" in text else text

    assert read(f"Zephyra\nBread 5.00\n{text}").total.currency == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mjölk 15,90\nBröd 24,00\nSumma 39,90\nKort 39,90", "SEK"),
        ("Milk 22.90\nTotal 22.90\nCash 50.00\nChange 27.10\nVAT @ 15% 2.99", "ZAR"),
        ("Milk 2.20\nTotal 2.20\nCash 5.00\nChange 2.80\nVAT 20% 0.37", "GBP"),
        ("Milk 60.00\nTotal 60.00\nVAT 16% 8.28\nNairobi", "KES"),
        ("Kimchi 5,000\nTotal 5,000\n123-45-67890", "KRW"),
        ("Milk $2.50\nTotal $2.50\nGST incl 15% 0.33\nGST No 123-456-789", "NZD"),
        ("Kafa 2,50\nZA UPLATU 2,50\nGOTOVINA 5,00\nPOVRAT 2,50 KM", "BAM"),
        ("Rice $4.50\nTotal $4.50\nGST Reg 201799999M\n3 Hill Rd #01-14 S(160027)", "SGD"),
        ("Arroz $ 3.200\nTotal $ 3.200\nNit1099999201-6 No responsable de IVA", "COP"),
        ("Milk 2.50\nTotal 2.50\nCash 5.00", None),
    ],
)
def test_without_a_sign_the_law_or_the_language_suggests_the_currency(
    text: str, code: str | None
) -> None:
    """A rate of tax, a form of number, or the language of the till is enough if nothing else is
    printed; English alone is not."""
    assert read(f"Zephyra\n{text}").total.currency == code


def test_tax_ids_have_their_form() -> None:
    """The number is found behind its words, without what follows."""
    pattern = tax_id("PL")

    assert pattern is not None
    found = pattern.search("NIP: 123-456-78-90 nr 5")
    assert found is not None
    assert found["number"] == "123-456-78-90"
    assert tax_id("AQ") is None
    assert all(tax_id(code) for code, clues in load_country_clues().items() if clues.tax_ids)
