"""Numbers, contacts, the time and the kind of document are read from their labels and forms."""

import numpy as np
import pytest

from shared.contracts.receipts.printed import PrintedText
from tests.worker.pipeline.reading.printed import read
from worker.pipeline.reading.places import PagePlace, Places

RECEIPT = """
    Zilverberk Kaas BV
    Lange Gracht 12
    9000 Gent
    {header}
    Gouda 8,50
    Brie 4,00
    TOTAAL EUR 12,50
    {footer}
    14/03/2026 17:22
"""


def value(text: PrintedText | None) -> str | None:
    """Return a field's value, or None without the field."""
    return text.value if text else None


@pytest.mark.parametrize(
    ("footer", "receipt", "till", "store"),
    [
        ("Ticket 827-0418 Kassa: 4", "827-0418", "4", None),
        ("Bon-Nr.:933 Kasse:3 Filiale 0449", "933", "3", "0449"),
        ("ST# 1420 TE# 10 TR# 09139", "09139", "10", "1420"),
        ("0rg.nr 556871-4420", None, None, None),
        ("Kaart 4111111111111111", None, None, None),
        # A slip of a terminal has a number, too.
        ("Beleg-Nr. 2992\n    Bon-Nr.: 2399", "2399", None, None),
    ],
)
def test_numbers_behind_their_words(
    footer: str, receipt: str | None, till: str | None, store: str | None
) -> None:
    """A number belongs to the word before it."""
    found = read(RECEIPT.format(header="", footer=footer))
    numbers = (found.receipt_number, found.till_number, found.store_number)
    assert tuple(map(value, numbers)) == (receipt, till, store)


@pytest.mark.parametrize(
    ("header", "phone", "tax_id", "web"),
    [
        ("Tel. 09/224 11 88", "09/224 11 88", None, None),
        ("Fax: 09/224 11 99", None, None, None),
        ("(819) 555-0177", "(819) 555-0177", None, None),
        ("NIF 509 331 748 Tel. 232 418 220", "232 418 220", "509 331 748", None),
        ("CHE-418.827.730 MWST", None, "CHE-418.827.730", None),
        ("www.Zilverberk.be/winkels", None, None, "zilverberk.be"),
        ("info@zilverberk.be", None, None, None),
        ("Bon.Nr 12", None, None, None),
    ],
)
def test_contacts(header: str, phone: str | None, tax_id: str | None, web: str | None) -> None:
    """Telephones, tax numbers and domains are known by their words or by their form."""
    merchant = read(RECEIPT.format(header=header, footer="")).merchant
    assert (value(merchant.phone), value(merchant.tax_id), value(merchant.web)) == (
        phone,
        tax_id,
        web,
    )


def test_the_address_is_that_above_the_goods() -> None:
    """Street and town are joined, and neither numbers nor goods belong to them."""
    merchant = read(RECEIPT.format(header="BTW BE 0418.827.730", footer="")).merchant
    assert value(merchant.address) == "Lange Gracht 12, 9000 Gent"


@pytest.mark.parametrize(
    ("printed", "time"),
    [
        ("14.03.2026 17:22", "17:22"),
        ("14.03.2026 17:22:05", "17:22:05"),
        ("14.03.2026 05:22 PM", "17:22"),
        ("14.03.2026 5:22 p. m.", "17:22"),
        ("2026-03-1417:22:05", "17:22:05"),
        ("2026.03.14.17:22", "17:22"),
        ("14-03-2026 ora: 20-14-36", "20:14:36"),
        ("open 8:00-20:00\n    14.03.2026 09:05", "09:05"),
        ("14.03.2026", None),
    ],
)
def test_the_time_is_beside_the_date(printed: str, time: str | None) -> None:
    """Hours of opening are no time of a purchase."""
    rows = f"Tinker & Thyme Ltd\nApples 2.00\nTOTAL 2.00\nCash 2.00\n{printed}"
    assert value(read(rows).time) == time


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ("Larkspur Grocers\nApples 2.00\nTOTAL 2.00\nCash 2.00", "receipt"),
        ("Larkspur Grocers\nREFUND\nApples 2.00\nTOTAL 2.00", "refund"),
        ("Larkspur Grocers\nApples 2.00\nTOTAL 2.00\nPayment due 30/11/2026", "invoice"),
        # Tills call what was paid an invoice.
        ("Larkspur Grocers\nTAX INVOICE\nApples 2.00\nTOTAL 2.00\nCash 2.00", "receipt"),
        ("Dear neighbours\nplease keep the door shut\nThank you", "other"),
    ],
)
def test_kinds_of_documents(rows: str, kind: str) -> None:
    """What was paid is a receipt, whatever its title."""
    assert read(rows).document_type.value == kind


def test_boxes_are_around_the_words_of_a_field_only() -> None:
    """An app can show where each field stands: neither the label nor the rest of the row."""
    places = Places([PagePlace(600, np.eye(3))])
    found = read(
        "Larkspur Grocers\nApples 2.00\nTOTAL 2.00\nTel 555-0148 on 03/04/2026", places=places
    )
    [phone] = found.merchant.phone.boxes if found.merchant.phone else []
    [total], [date], [merchant] = found.total.boxes, found.date.boxes, found.merchant.boxes
    assert phone.polygon[0] == (40.0, 90.0)
    assert phone.polygon[2] == (120.0, 110.0)
    assert total.polygon[0] == (60.0, 60.0)
    assert date.polygon[0] == (160.0, 90.0)
    assert merchant.polygon[2] == (160.0, 20.0)


def test_a_field_that_is_not_printed_is_null() -> None:
    """Nothing is made up."""
    found = read("Larkspur Grocers\nApples 2.00\nTOTAL 2.00")
    assert (found.time, found.receipt_number, found.store_number, found.till_number) == (None,) * 4
    assert (found.merchant.phone, found.merchant.tax_id, found.merchant.web) == (None,) * 3
    assert (found.tax_lines, found.payments, found.change, found.tip) == ([], [], None, None)
