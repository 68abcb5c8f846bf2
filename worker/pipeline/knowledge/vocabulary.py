"""The schema of the files in `languages/`: the words that decide how a receipt is read.

Every list is optional. `vocabulary` merges the lists of all languages, since the language of a
receipt is unknown until it has been read. Phrases are in the notation of `patterns.py`.
"""

from typing import Self

from pydantic import model_validator

from worker.pipeline.knowledge.files import Table, Words
from worker.pipeline.knowledge.patterns import Phrases
from worker.pipeline.knowledge.row_words import Counts, Headings, Labels, Taxes


class Months(Table):
    """Names and short forms of months, without a dot. A language has all twelve months or none."""

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
            raise ValueError(f"missing: {', '.join(missing)}; a language has all twelve or none")
        return self


class Dates(Table):
    """Words around dates.

    `words` mark the date of the receipt, and `other_days` one that is not, such as the last day
    for returns. `between` stand between day, month and year (7 de maio), `hours` behind a time.
    """

    words: Phrases = ()
    between: Phrases = ()
    other_days: Phrases = ()
    hours: Phrases = ()


class Discounts(Table):
    """Phrases with which the name of a discount begins or ends."""

    begins: Phrases = ()
    ends: Phrases = ()


class Quantities(Table):
    """Words in quantities.

    `times` stand between a count and a price (2 at 1.50), `each` before the unit of a price (per
    kg), and `several` between a count and the price of all together (2 for 5.00). `pieces` are
    units of things that are counted.
    """

    times: Phrases = ()
    each: Phrases = ()
    several: Phrases = ()
    pieces: Phrases = ()


class Till(Table):
    """Text that is not about goods.

    Rows with `words`, with `numbered` before a number, or with `titles` between stars are no
    names. `asides` are remarks about a price, `packaging` stands before the weight of a bag, and
    `behind_prices` may follow a price.
    """

    words: Phrases = ()
    numbered: Phrases = ()
    titles: Phrases = ()
    asides: Phrases = ()
    packaging: Phrases = ()
    behind_prices: Phrases = ()


class Merchants(Table):
    """Words in the rows above the items, which distinguish names of merchants from other text.

    `legal_forms` are those of companies; short ones count only at the end of a row
    (`forms_behind`) or at its beginning (`forms_before`). Those in `sellers` mark the company that
    sold. `shops`
    are kinds of shop. `addresses` are parts of one, and so are `streets` at the end of a row that
    begins with a number. `postal_codes` stand before a town and have 9 for any digit. Rows with
    `not_names` name nobody. `titles` are those of the document. `owners` begin a row with a
    person's name. `owner_below` and `former_below` end the row above the company's name or a
    former name. `branches` and `numbers` stand before the number of a branch. `greetings` stand
    before the name, and `thanks_behind` behind it. `since` stands before the year of foundation.
    `web_hosts` are names in domains of others than merchants.
    """

    legal_forms: Phrases = ()
    forms_behind: Phrases = ()
    forms_before: Phrases = ()
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
    greetings: Phrases = ()
    thanks_behind: Phrases = ()
    since: Phrases = ()
    web_hosts: Words = ()


class Names(Table):
    """Words in the names of goods and categories.

    `small_words` stay in lower case inside a title. `spelled` are short words in capitals that are
    read letter by letter. `joints` join two meanings in a category's label, and `fillers` make it
    neither wider nor narrower. `describing` begin a part that only describes the thing, and
    `behind_heads` may follow the word for the thing.
    """

    small_words: Words = ()
    spelled: Words = ()
    joints: Phrases = ()
    fillers: Words = ()
    describing: Phrases = ()
    behind_heads: Words = ()


class Compounds(Table):
    """Parts of compounds: `links` between two words, `diminutives` at the end."""

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
    """A file in `languages/`. `name` is English; `tesseract` is the code of its language pack."""

    name: str
    tesseract: str | None = None
