"""Printed dates are found in any usual order, and impossible ones are not believed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.reading.fields.dates import find_dates

TODAY = date(2026, 11, 23)
DATES = st.dates(min_value=date(2000, 1, 1), max_value=TODAY)


def first(text: str, *, month_first: bool = False) -> str | None:
    """Return the first date of a row as ISO text."""
    found = find_dates(text, month_first=month_first, today=TODAY)
    return found[0].value.isoformat() if found else None


@given(
    DATES,
    st.sampled_from(
        ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d.%m.%y", "%d-%m-%y", "%Y-%m-%d", "%d %b %Y",
         "%d %B %Y", "%d-%b-%Y"],
    ),
)  # fmt: skip
def test_dates_with_the_day_first_are_read(day: date, form: str) -> None:
    """There are other words around the date."""
    assert first(f"Date: {day.strftime(form)} 09:41") == day.isoformat()


@given(DATES, st.sampled_from(["%m/%d/%Y", "%m-%d-%y", "%B %d, %Y"]))
def test_dates_with_the_month_first_are_read(day: date, form: str) -> None:
    """The currency of a receipt decides the order."""
    assert first(day.strftime(form), month_first=True) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("14/03/20185:57:07PM", "2018-03-14"),
        ("09/05/201811:12:43 PM", "2018-05-09"),
        ("30.04.2009:58", "2020-04-30"),
        ("21.04.20 09:59", "2020-04-21"),
        ("[19/06/17] [11:37]", "2017-06-19"),
        ("3. März 2024", "2024-03-03"),
        ("12 février 2023", "2023-02-12"),
        ("7 de", None),
        ("7 de maio de 2026", "2026-05-07"),
        ("12 października 2025", "2025-10-12"),
        ("3 maj 2026", "2026-05-03"),
        ("1 set 2025", "2025-09-01"),
        ("03/25/2020", "2020-03-25"),
        ("REG 19- 21/03/2018 19:53", "2018-03-21"),
        ("Dat.31.08.2015 Zeit19:22", "2015-08-31"),
        ("1401 08/04/09/01 11.09.26 18:49", "2026-09-11"),
        ("05.05.2020-09:59", "2020-05-05"),
        ("22NOV2024", "2024-11-22"),
        ("Thu Oct 8,2015", "2015-10-08"),
        ("Oct 16, 19 09:31 AM", "2019-10-16"),
        ("TRANS 4188 14:2006/03/2026", "2026-03-06"),
        ("Date: 18-Feb-202608:21 PM", "2026-02-18"),
        ("2026\u5e74 2\u6708 3\u65e5(\u706b)17:45", "2026-02-03"),
        ("\u4ee4\u548c8\u5e742\u67083\u65e5", "2026-02-03"),
        ("2026\ub144 2\uc6d4 3\uc77c", "2026-02-03"),
        ("20260203 17:45", "2026-02-03"),
        ("2026-02-03T17:45:10", "2026-02-03"),
        ("Date 03022026", "2026-02-03"),
        ("Date 140326", "2026-03-14"),
        ("14/03/2569 10:12", "2026-03-14"),
        ("115/03/14 10:12", "2026-03-14"),
        ("20260203", None),
    ],
)
def test_dates_as_they_are_printed_and_read(text: str, iso: str | None) -> None:
    """A time has run into the year, there are brackets, other languages, or a day past 12."""
    assert first(text) == iso


@pytest.mark.parametrize(
    "text",
    ["24/11/2027", "31/02/2020", "45/45/2020", "01/01/1999", "03-3279 1851", "192.168.10.20",
     "12.34", "00/00/0000", "1234567/89/12", "OR 3/ 12.00", "MI11/3-21 - 12/480"],
)  # fmt: skip
def test_what_cannot_be_a_date_of_a_receipt(text: str) -> None:
    """A date in the future, one that does not exist and other numbers are refused."""
    assert first(text) is None


def test_a_date_that_could_be_read_two_ways_is_ambiguous() -> None:
    """The date 03/04 may be in March or in April, but 14/03 is in March."""
    (unsure,) = find_dates("03/04/2020", month_first=False, today=TODAY)
    (sure,) = find_dates("14/03/2020", month_first=False, today=TODAY)

    assert unsure.ambiguous
    assert not sure.ambiguous
