"""Rows of goods that look like something else, as tills in many countries print them."""

import pytest

from tests.worker.pipeline.reading.printed import items, names, read


def test_goods_with_a_word_of_a_note_are_items_if_the_sum_needs_them() -> None:
    """Savings that are only mentioned still are none."""
    text = "Shop\nVIGNETTE 40.00\nEGGS 5.90\nMILK 2.50\nTOTAL {total}\nVISA {total}"

    assert names(text.format(total="48.40")) == ["Vignette", "Eggs", "Milk"]
    assert names(text.format(total="8.40")) == ["Eggs", "Milk"]


def test_a_size_whose_litres_were_read_as_a_digit_is_no_price() -> None:
    """The numbers of the item are below its name."""
    rows = "Shop\nROLLS\n6 x 3,90 23,40\nLAGER 0,51\n2 x 19,90 39,80\nCIDER 0,5l\n1 x 9,00 9,00"

    assert items(f"{rows}\nTOTAL 72,20\nCARD 72,20")[1] == ("Lager", "39.80", "2", None)


@pytest.mark.parametrize("rate", ["13%", "13,00%", "(13%)", "B 13 %"])
def test_the_rate_of_a_tax_may_stand_behind_a_price(rate: str) -> None:
    """A rate is no part of the price, nor is the row a discount."""
    text = f"Shop\nBREAD 1,85 {rate}\nMILK 2,10 {rate}\nWINE 6,40 {rate}\nTOTAL 10,35\nCASH 10,35"

    assert [price for _, price, *_ in items(text)] == ["1.85", "2.10", "6.40"]
    assert read(text).reconciled


@pytest.mark.parametrize("hours", ["07.00-23.00", "7.30 - 21.00", "Mon-Sat 08.00\u201320.00"])
def test_hours_of_opening_are_no_amounts(hours: str) -> None:
    """A row with them is no reason to doubt a receipt."""
    assert read(f"Shop\n{hours}\nMILK 1.00\nEGGS 2.00\nTOTAL 3.00\nCASH 3.00").reconciled


def test_names_in_greek_are_in_greek_letters() -> None:
    """Engines read some Greek capitals as Latin ones."""
    text = "Shop\nΦAKEΣ 1,20\nZAXAPH 2,00\nΓIAOYPTI 2% 3,00\nCOLA 330ML 1,50\nΣYNOΛO 7,70"

    assert names(text) == ["Φακες", "Ζαχαρη", "Γιαουρτι 2%", "Cola 330 ml"]


def test_a_rate_behind_most_names_is_that_of_a_tax() -> None:
    """The fat in milk is not."""
    taxed = "Shop\nBREAD 13% 1,85\nMILK 3,5% 13% 2,10\nWINE 24% 6,40\nTOTAL 10,35"

    assert names(taxed) == ["Bread", "Milk 3,5%", "Wine"]
    assert names("Shop\nBREAD 1,85\nMILK 3,5% 2,10\nWINE 6,40\nTOTAL 10,35")[1] == "Milk 3,5%"


def test_codes_of_taxes_may_have_digits_where_amounts_have_no_decimals() -> None:
    """The quantity is beside the price."""
    text = "Bolt\nALMA\n1,200 kg x 500 Ft/kg 600 C00\nTEJ\n0,400 kg x 750 Ft/kg 300 A00\nSAJT\n"
    text += "2 db x 1 150 Ft/db 2 300 C00\nÖSSZESEN FIZETENDŐ FT. 3 200\nBANKKÁRTYA EUROCARD 3 200"

    assert [price for _, price, *_ in items(text)] == ["600", "300", "2300"]


def test_rows_with_a_date_are_not_the_first_goods() -> None:
    """An earlier purchase is not returned as a whole, and a seller's number is no amount."""
    text = "Shop\nRETURN\nBought 02/06/2026 214.48\n03/06/2026 VEND.12\nHELMET (64.99)\n"
    text += "TUBE (19.50)\nFEE 5.00\nREFUND DUE (79.49)\nTo card 2281 (79.49)"

    assert [price for _, price, *_ in items(text)] == ["-64.99", "-19.50", "5.00"]
    assert str(read(text).total.amount) == "-79.49"


def test_initials_and_short_units_are_names() -> None:
    """`L&P` has two letters."""
    assert names("Shop\nL&P 1.5L 8.40\nTEA 2.00\nTOTAL 10.40")[0].startswith("L&P")


def test_the_total_behind_unknown_words_is_no_item() -> None:
    """Unit prices above the names do not hide that it is the sum of the rows below them."""
    text = "Fish\n0,500 10,00\nSOLE 5,00\n3 0,25\nLEMON 0,75\n2 4,00\nCRAB 8,00\nZUSUM 13,75\n"

    assert names(f"{text}CASH 20,00\nCHANGE 6,25") == ["Sole", "Lemon", "Crab"]
    assert names("Fish\nSOLE 5,00\nCRAB 9,00\nZUSUM 13,00\nXYZ 13,00\nVISA 13,00") == [
        "Sole",
        "Crab",
    ]


def test_a_discount_may_have_the_name_of_a_card() -> None:
    """A negative row that begins with a word for a discount is no payment."""
    text = "Shop\nSAW 30.00\nDRILL 20.00\nDISCOUNT MAESTRO 5% -2.50\nTOTAL 47.50\nMAESTRO 47.50"

    assert [price for _, price, *_ in items(text)] == ["30.00", "20.00", "-2.50"]


def test_a_sum_before_taxes_is_not_the_total() -> None:
    """What is called the total and was paid is higher than the sum of the goods."""
    text = "Mart\nRICE 9150.00\nOIL 8560.00\nSUGAR 6570.00\nGROSS 24280.00\n"
    text += "24280.00 2.5 607.00 2.5 607.00\nNET AMT 25494.00\nBY WALLET 25494.00"

    assert str(read(text).total.amount) == "25494.00"


def test_goods_that_are_free_are_items() -> None:
    """A price of zero that is printed is a price; a discount of zero is nothing."""
    text = "Inn\n2 CRAB 52.00\nBREAD BASKET 0.00\nDISCOUNT 0.00\nTEA 4.60\nTOTAL 56.60\nVISA 56.60"

    assert [(name, price) for name, price, *_ in items(text)][1] == ("Bread Basket", "0.00")
    assert len(items(text)) == 3
    assert read(text).line_items[1].kind == "goods"
    assert read(text).reconciled


def test_cash_handed_out_with_a_payment_is_not_in_the_total() -> None:
    """The change of zero below it says nothing."""
    text = "Shop\nPIE 8.40\nICE 5.00\n2 LINES $13.40\nCASH OUT $20.00\nEFTPOS $33.40\nCHANGE $0.00"

    assert str(read(text).total.amount) == "13.40"
