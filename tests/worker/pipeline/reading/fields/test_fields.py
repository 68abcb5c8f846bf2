"""Currency, merchant and date are read from text, and nothing is made up."""

import pytest

from tests.worker.pipeline.reading.printed import read


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("Total RM 5.00", "MYR"), ("SUMME EUR 5,00", "EUR"), ("Total \u20ac 5,00", "EUR"),
        ("Total \u00a35.00", "GBP"), ("Total $5.00", None), ("Total CHF 5.00", "CHF"),
        ("Total 5.00\nShop Sdn Bhd", "MYR"), ("Summe 5,00\nMwSt 0,80\nUSt-ID 1", "EUR"),
        ("Springfield, IL 62704\nTotal 5.00", "USD"), ("Total $5.00\nGST 5% 0.25", "CAD"),
        ("Toronto, ON\nTotal $5.00", "CAD"), ("ABN 12 345\nTotal $5.00\nGST 0.45", "AUD"),
        ("Singapore 319515\nTotal $5.00", "SGD"), ("Suma PLN 5,00", "PLN"),
        ("Bristol BS1 4QT\nTotal 5.00", "GBP"), ("Order AB12CD\nTotal 5.00", None),
        ("Ottawa K1A 0B1\nTotal 5.00", "CAD"), ("Keene, NH\nTotal 5.00", "USD"),
        ("Do zap\u0142aty 5,00 z\u0142", "PLN"), ("Total R$ 5,00", "BRL"),
        ("Att betala 5,00 kr", "SEK"), ("Totalt 5,00 kr\nMVA 0,50", "NOK"),
        ("I alt 5,00 kr\nCVR 12345678", "DKK"),
        ("TRY OUR PIES\nTotal 5.00", None), ("Total 5.00", None),
    ],
)  # fmt: skip
def test_the_currency_is_found(text: str, currency: str | None) -> None:
    """A symbol, a code, a postal code or a word of a country's law shows it."""
    assert read(f"Shop\nBread 5.00\n{text}").total.currency == currency


@pytest.mark.parametrize(
    ("header", "merchant"),
    [
        ("CORNER SHOP LTD\n12 High Street\nLondon", "CORNER SHOP LTD"),
        ("A04119\nBIG STORE CO. (M) BHD (126926-H)\n3RD FLR, MALL", "BIG STORE CO. (M) BHD"),
        ("PASAR RIA\nSDN BHD\nNO 1, JALAN TASIK", "PASAR RIA SDN BHD"),
        ("FRESH FOOD, GOOD MOOD\nSupermarkt M\u00fcller\nHauptstr. 4\n33102 Paderborn",
         "Supermarkt M\u00fcller"),
        ("MILL LANE BAKERY\n12 Orchard Road\nBristol BS1 4QT", "MILL LANE BAKERY"),
        ("Kundenbeleg\nHofladen Schmidt\nInh. Anna Schmidt\nAm Weg 3", "Hofladen Schmidt"),
        ("Il Fornaio\ndi Rossi Mario\nVia Roma 12", "Il Fornaio"),
        ("Thank you, come again\nGreen Grocer GmbH\nTel. 05251 1804", "Green Grocer GmbH"),
        ("THE BLUE SPOON DINER\n88 MAIN ST\nKEENE NH 03431", "THE BLUE SPOON DINER"),
        ("** H O F - M A R K T GmbH **\nAm Weg 3\n33102 Paderborn", "HOF - MARKT GmbH"),
        ("FRESH THYME\nMARKET\nAMERICAN EXPRESS Entry Method: Chip", "Fresh Thyme Market"),
        ("INTERMARCHE\n12 rue Haute\n69002 LYON", "Intermarch\u00e9"),
        ("Migros\nGenossenschaft Nord\nBahnhofstr. 4", "Migros"),
        ("STARBUCKS Store #10208\n11302 Euclid Avenue", "STARBUCKS"),
        ("Zephyra\nMore saving. More doing.\n2300 HILL PIKE, ATHENS, TN 37303", "Zephyra"),
        ("TABLE & FLOOR\n7605 HILL RD STE 100\nHOUSTON, TX 77063", "TABLE & FLOOR"),
        ("ZEPHYRA FRIES\nSouthgate Shopping Centre, Edmonton, AB\n780-435-7179", "ZEPHYRA FRIES"),
        ("ZEPHYRA SDN BHD (CO. NO:20154-T)\nMENARA ZED, LEVEL 2", "ZEPHYRA SDN BHD"),
        ("ZEPHYRA SDN BHD\n(65351-M)\nFORMERLY KNOWN AS\nOLD ARCHES SDN BHD", "ZEPHYRA SDN BHD"),
        ("ZEPHYRA SHOP\nNO 3, JALAN RIA\nTAX INVOICE\nOWNED BY :\nZED SUPPLY SDN BHD (1135772-K)",
         "ZED SUPPLY SDN BHD"),
    ],
)  # fmt: skip
def test_the_merchant_is_found(header: str, merchant: str) -> None:
    """A legal form, the address below, or the position shows it; slogans and numbers do not."""
    assert read(f"{header}\nDate 14/03/2026\nBread 5.00\nTotal 5.00").merchant.name == merchant


def test_the_most_frequent_date_wins() -> None:
    """Receipts often repeat their date, but print other dates only once."""
    printed = read("Shop\nBest before 01.01.2025\nBread 5.00\n14.03.26 17:42\nDatum 14.03.26").date

    assert printed.value == "2026-03-14"


def test_the_chain_decides_the_currency() -> None:
    """Nothing else on the receipt shows it."""
    assert read("Walgreens\nBread 5.00\nTotal 5.00").total.currency == "USD"


def test_a_name_with_no_evidence_but_its_place_is_less_certain() -> None:
    """The name has no chain, no legal form and no kind of shop."""
    placed = read("Zephyra\nBread 5.00\nTotal 5.00").merchant
    described = read("Zephyra Bakery Ltd\nBread 5.00\nTotal 5.00").merchant

    assert placed.confidence < 0.9 < described.confidence


def test_the_date_beside_a_time_is_that_of_the_purchase() -> None:
    """Other dates are the last day for returns, or the day on which points were counted."""
    for other in ("Returns thru 02/04/2026", "Points up to 02.04.26", "Stand 02.04.2026"):
        printed = read(f"Shop\n{other}\nBread \u20ac5.00\n{other}\n14.03.26 17:42").date
        assert printed.value == "2026-03-14"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Keene, NH 03431\nBread $5.00\n04/03/26", "2026-04-03"),
        ("Bread EUR 5,00\n04/03/26", "2026-03-04"),
        ("Bread 5.00\n04/03/26", "2026-03-04"), ("04/03/26\nReturn until 05/23/26", "2026-04-03"),
        ("04/12/26", "2026-04-12"),
    ],
)  # fmt: skip
def test_day_or_month_first(text: str, date: str) -> None:
    """The currency, another date with a day past 12, or a date in the future decides."""
    assert read(f"Shop\n{text}\nTotal 5.00").date.value == date


def test_an_order_that_is_only_a_guess_is_less_certain() -> None:
    """There is no currency that shows the country."""
    guessed = read("Shop\n04/03/26\nTotal 5.00").date
    known = read("Shop\n04/03/26\nTotal \u00a35.00").date

    assert guessed.confidence < 0.8 < known.confidence


def test_nothing_is_made_up() -> None:
    """A missing field is null with a confidence of 0."""
    extraction = read("~~~ %%% ~~~")

    assert extraction.merchant.name is None
    assert (extraction.date.value, extraction.date.confidence) == (None, 0.0)
    assert (extraction.total.amount, extraction.total.confidence) == (None, 0.0)
    assert extraction.line_items == []
    assert extraction.overall_confidence == 0.0


def test_amounts_keep_the_digits_that_were_printed() -> None:
    """Amounts are decimal strings on the wire, never floats."""
    dumped = read("Shop\nBread 5.10\nTotal 5.10").model_dump(mode="json")

    assert dumped["total"]["amount"] == "5.10"
    assert dumped["line_items"][0]["total_price"] == "5.10"


def test_the_day_of_another_sale_is_not_that_of_the_purchase() -> None:
    """A return names the first sale; a letter behind `till` is that of a till."""
    days = "Orig. sale 118 on 02/06/2026\nToday: 16 Jun 2026 15:14 Till B"
    text = f"Zephyra\n{days}\nBread 5.00\nTotal 5.00"

    assert read(text).date.value == "2026-06-16"
