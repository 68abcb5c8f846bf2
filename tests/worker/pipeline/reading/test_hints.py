"""Hints decide what the print leaves open, and nothing else."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.iso_codes import COUNTRIES, CURRENCIES
from shared.contracts.receipts.requests import ReadingHints
from tests.worker.pipeline.reading.printed import read

CHILE = """
    Almacen Zephyra
    Fecha: 21/10/2025
    LECHE ENTERA $ 1.190
    PAN MOLDE $ 2.450
    PALTA HASS $ 12.780
    × 1.050 KG
    BOLSA $ 80
    SUBTOTAL 16.500
    TOTAL $ 16.500
    VUELTO 0
"""


def hints(text: str) -> ReadingHints:
    """Read hints written as `DE`, `en-US` or `default EUR`, with blanks between several."""
    given: dict[str, str] = {}
    words = text.split()
    for before, word in zip(["", *words], words, strict=False):
        if before == "default":
            given["default_currency"] = word
        elif len(word) == 2 and word.isupper():
            given["country"] = word
        elif word != "default":
            given["locale"] = word
    return ReadingHints.model_validate(given)


@pytest.mark.parametrize(
    ("text", "hinted", "currency", "source"),
    [
        ("Total 5.00", "", None, None),
        ("Total 5.00", "default EUR", "EUR", "default"),
        ("Total 5.00", "DE", "EUR", "inferred"),
        ("Total 5.00", "RO default EUR", "RON", "inferred"),
        # The region of a locale may be only that of a telephone.
        ("Total 5.00", "de-DE", None, None),
        ("Total 5.00", "de-DE default NZD", "NZD", "default"),
        ("Total \u20ac5.00", "US default USD", "EUR", "printed"),
        ("Total GBP 5.00", "US", "GBP", "printed"),
        ("Total RON 5,00", "RO", "RON", "printed"), ("Total VND 5,00", "CL", "VND", "printed"),
        ("Total $5.00", "", None, None),
        ("Total $5.00", "US", "USD", "inferred"),
        ("Total $5.00", "AU", "AUD", "inferred"),
        ("Total $5.00", "en-AU", "AUD", "inferred"),
        ("Total $5.00", "MX", "MXN", "inferred"),
        # Germany has no dollars.
        ("Total $5.00", "DE", None, None),
        ("Total $5.00\nGST 5% 0.25", "", "CAD", "printed"),
        ("Total $5.00\nGST 0.25", "NZ", "NZD", "inferred"),
        ("ABN 12 345\nTotal $5.00\nGST 0.45", "CA", "AUD", "printed"),
        ("Springfield, IL 62704\n(217) 555-0143\nSales Tax 0.20\nTotal $5.00", "CA", "USD",
         "printed"),
        # Canada has telephone numbers like those of the United States.
        ("780-435-7179\n780-435-7180\nTotal $5.00", "CA", "CAD", "inferred"),
        ("Total 5,00 kr", "", None, None),
        ("Total 5,00 kr", "NO", "NOK", "inferred"),
        ("Total 5,00 kr", "da-DK", "DKK", "inferred"),
        ("Total 5,00 kr\nCVR 12345678", "SE", "DKK", "printed"),
        ("Total 5,00\nIVA 0,20\nIVA 0,30\nIVA 0,10", "CL", "CLP", "inferred"),
        ("Total 5.00", "AQ", None, None),
    ],
)  # fmt: skip
def test_the_currency(text: str, hinted: str, currency: str | None, source: str | None) -> None:
    """A hint counts less than a sign or a code, and more than a word that several countries use."""
    total = read(f"Shop\nBread 5.00\n{text}", hints(hinted)).total

    assert (total.currency, total.currency_source) == (currency, source)


@pytest.mark.parametrize("hinted", ["CA", "default CAD"])
def test_the_currency_of_the_chain(hinted: str) -> None:
    """A chain with shops in one country only shows the country better than a hint."""
    total = read("Walgreens\nBread 5.00\nTotal 5.00", hints(hinted)).total

    assert (total.currency, total.currency_source) == ("USD", "inferred")


@pytest.mark.parametrize(
    ("text", "hinted", "iso"),
    [
        ("03/04/2026", "en-US", "2026-03-04"), ("03/04/2026", "de-DE", "2026-04-03"),
        ("03/04/2026", "US", "2026-03-04"), ("03/04/2026", "AU en-US", "2026-04-03"),
        ("03/04/2026", "de", "2026-04-03"), ("03/04/2026", "en", "2026-04-03"),
        ("03/04/2026 \u20ac5.00", "US", "2026-04-03"),
        ("03/04/2026 CAD 5.00", "en-US", "2026-03-04"),
        ("03/04/2026 US$5.00", "EC", "2026-04-03"), ("03/04/2026 PHP 5.00", "PH", "2026-03-04"),
        ("04/03/26\nReturn until 05/23/26", "de-DE", "2026-04-03"),
        ("26-03-14", "", "2014-03-26"), ("26-03-14", "sv-SE", "2026-03-14"),
        ("26/03/14 09:58", "JP", "2026-03-14"), ("26.03.1409:58", "HU", "2026-03-14"),
        ("14.03.26", "SE", "2026-03-14"), ("03/04/26", "CA", "2026-04-03"),
        ("26-03-14", "DE", "2014-03-26"), ("2026-03-14", "US", "2026-03-14"),
    ],
)  # fmt: skip
def test_the_order_of_a_date(text: str, hinted: str, iso: str) -> None:
    """A second date and the currency of somewhere else are better evidence than a hint."""
    assert read(f"Shop\nBread 5.00\n{text}\nTotal 5.00", hints(hinted)).date.value == iso


def test_a_hinted_order_is_more_certain_than_a_guess() -> None:
    """Nothing else on the receipt shows the order."""
    text = "Shop\n04/03/26\nTotal 5.00"

    assert read(text).date.confidence < 0.8 < read(text, hints("de-DE")).date.confidence


@pytest.mark.parametrize("hinted", ["CL", "es-CL", "de-DE", "ID", "", "default CLP"])
def test_thousands_without_decimals(hinted: str) -> None:
    """The country groups thousands with a dot, or the receipt shows it. Amounts stay as printed."""
    extraction = read(CHILE, hints(hinted))

    assert str(extraction.total.amount) == "16500"
    assert [(item.raw_text, str(item.total_price)) for item in extraction.line_items] == [
        ("LECHE ENTERA $ 1.190", "1190"), ("PAN MOLDE $ 2.450", "2450"),
        ("PALTA HASS $ 12.780", "12780"), ("BOLSA $ 80", "80"),
    ]  # fmt: skip
    assert extraction.reconciled
    assert {str(check.printed) for check in extraction.checks} == {"16500"}


@pytest.mark.parametrize("hinted", ["US", "TN"])
def test_a_dot_groups_no_thousands_elsewhere(hinted: str) -> None:
    """In the United States it is the decimal point, and Tunisian prices have three decimals."""
    assert read(CHILE, hints(hinted)).total.amount is None


def test_receipts_with_decimals_may_have_a_few_thousands() -> None:
    """Points and weights are no prices if the prices have decimals."""
    text = "Shop\nBrot 5,00\nWurst 2,50\nSumme EUR 7,50\nPunktestand 1.234"

    assert read(text, hints("DE")) == read(text)


HINTS = st.builds(
    ReadingHints,
    default_currency=st.none() | st.sampled_from(sorted(CURRENCIES)),
    country=st.none() | st.sampled_from(sorted(COUNTRIES)),
    locale=st.none() | st.sampled_from(["de", "en-US", "de-DE", "sv-SE", "es-CL", "fr-CA", "ja"]),
)
MONEY = [
    "\u20ac{}",
    "{} EUR",
    "\u00a3{}",
    "RM {}",
    "US${}",
    "CHF {}",
    "{} z\u0142",
    "A${}",
    "{} SEK",
]


@settings(max_examples=40)
@given(
    HINTS,
    st.sampled_from(MONEY),
    st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d", "%d %b %Y"]),
    st.dates(date(2001, 1, 1), date(2026, 11, 23)).filter(lambda day: day.day > 12),
)
def test_a_receipt_that_leaves_nothing_open_is_read_without_hints(
    given_hints: ReadingHints, money: str, form: str, day: date
) -> None:
    """The currency has a sign or code of its own, and the date can be read one way only."""
    printed = f"""
        Zephyra
        {day.strftime(form)}
        Bread {money.format("1,234.50")}
        Milk {money.format("0.75")}
        Total {money.format("1,235.25")}
    """

    assert read(printed, given_hints) == read(printed)
