"""The words that decide how a receipt is read: what a file in `languages/` may hold.

Every list may be missing; `vocabulary` puts the lists of all languages together, since nobody knows
the language of a receipt before it has been read. Phrases are in the notation of `patterns.py`.
"""

from typing import Self

from pydantic import model_validator

from worker.pipeline.knowledge.files import Table, Words
from worker.pipeline.knowledge.patterns import Phrases


class Wordings(Table):
    """How a label gives its row away: it is one of these (followed by a currency at most), begins
    with, has in it, or ends with one as whole words."""

    exactly: Phrases = ()
    begins: Phrases = ()
    contains: Phrases = ()
    ends: Phrases = ()


class TotalWordings(Wordings):
    """`opens`: what the row begins with, though its last label is about something else."""

    opens: Phrases = ()


class Labels(Table):
    """Labels by kind of row. A label is the words before the row's last number."""

    total: TotalWordings = TotalWordings()
    subtotal: Wordings = Wordings()
    tax: Wordings = Wordings()
    charge: Wordings = Wordings()
    rounding: Wordings = Wordings()
    payment: Wordings = Wordings()
    change: Wordings = Wordings()
    count: Wordings = Wordings()
    note: Wordings = Wordings()


class Taxes(Table):
    """`names` of taxes on sales; words `before` one that leave it a tax's row (total, incl.);
    words `behind` one that do not (`GST incl.` follows a total); `without` one (`w/o tax`)."""

    names: Phrases = ()
    before: Phrases = ()
    behind: Phrases = ()
    without: Words = ()


class Counts(Table):
    """`labels` stand before the number of items, `words` behind it."""

    labels: Phrases = ()
    words: Phrases = ()


class Headings(Table):
    """Words above columns; those of them that stand in the label of a total, too."""

    columns: Phrases = ()
    of_totals: Phrases = ()


class Months(Table):
    """Names and short forms, without a dot. A language has all twelve, or none."""

    january: Words = ()
    february: Words = ()
    march: Words = ()
    april: Words = ()
    may: Words = ()
    june: Words = ()
    july: Words = ()
    august: Words = ()
    september: Words = ()
    october: Words = ()
    november: Words = ()
    december: Words = ()

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        missing = [name for name, names in self if not names]
        if 0 < len(missing) < len(type(self).model_fields):
            raise ValueError(f"without {', '.join(missing)}")
        return self


class Dates(Table):
    """`words` call a date the receipt's; `other_days` are until when goods may be returned and the
    like; `between` day, month and year of a date in words (7 de maio); `hours` stand behind a
    time."""

    words: Phrases = ()
    between: Phrases = ()
    other_days: Phrases = ()
    hours: Phrases = ()


class Discounts(Table):
    """How the name of something that was taken off begins or ends."""

    begins: Phrases = ()
    ends: Phrases = ()


class Quantities(Table):
    """`times`: between count and price (2 at 1.50); `each`: before the unit of a price (per kg);
    `several`: between a count and their price together (2 for 5.00); `pieces`: units of things."""

    times: Phrases = ()
    each: Phrases = ()
    several: Phrases = ()
    pieces: Phrases = ()


class Till(Table):
    """What a till prints for itself: `words` and, before a number, `numbered`; `titles` between
    stars; `asides` about a price; `packaging` before a weight that is none of the goods';
    `behind_prices`."""

    words: Phrases = ()
    numbered: Phrases = ()
    titles: Phrases = ()
    asides: Phrases = ()
    packaging: Phrases = ()
    behind_prices: Phrases = ()


class Merchants(Table):
    """Words of the rows above the items.

    `legal_forms` of companies; `sellers`, those of them that only the company which sold bears;
    `shops`: kinds of shop; `addresses` and, at the end of a row that begins with a number,
    `streets`; `postal_codes` before a town, with 9 for a digit; `not_names` in rows that name
    nobody; `titles` of the document; `slogans`; `owners` begin a row with a person's name;
    `owner_below` and `former_below` end a row above a name; `branches` and `numbers` stand before
    the number of a branch.
    """

    legal_forms: Phrases = ()
    sellers: Phrases = ()
    shops: Phrases = ()
    addresses: Phrases = ()
    streets: Phrases = ()
    postal_codes: Words = ()
    not_names: Phrases = ()
    titles: Phrases = ()
    slogans: Phrases = ()
    owners: Phrases = ()
    owner_below: Phrases = ()
    former_below: Phrases = ()
    branches: Phrases = ()
    numbers: Phrases = ()


class Names(Table):
    """Words in the names of goods and categories: `small_words` stay small inside a title; `joints`
    join two meanings in a category's label; `fillers` make it neither wider nor narrower;
    `describing` begin what only describes a thing; `behind_heads` may follow what the thing is.
    `spelled` are short words in capitals that are read letter by letter."""

    small_words: Words = ()
    spelled: Words = ()
    joints: Phrases = ()
    fillers: Words = ()
    describing: Phrases = ()
    behind_heads: Words = ()


class Compounds(Table):
    """How words are put together: `links` between two parts, `diminutives` at the end."""

    links: Words = ()
    diminutives: Words = ()


class Vocabulary(Table):
    """All the words of one language, or of several."""

    labels: Labels = Labels()
    taxes: Taxes = Taxes()
    counts: Counts = Counts()
    headings: Headings = Headings()
    months: Months = Months()
    dates: Dates = Dates()
    discounts: Discounts = Discounts()
    quantities: Quantities = Quantities()
    till: Till = Till()
    merchants: Merchants = Merchants()
    names: Names = Names()
    compounds: Compounds = Compounds()


class Language(Vocabulary):
    """A file of `languages/`. `name` in English; `tesseract`: the code of its language pack."""

    name: str
    tesseract: str | None = None
