"""The schema of the words that decide the kind of a row, a part of a language's file."""

from worker.pipeline.knowledge.files import Table, Words
from worker.pipeline.knowledge.patterns import Phrases


class Wordings(Table):
    """Phrases that decide the kind of a row by its label.

    A label is `exactly` a phrase (with at most a currency behind it), or it begins with one, has
    one in it, or ends with one, always as whole words.
    """

    exactly: Phrases = ()
    begins: Phrases = ()
    contains: Phrases = ()
    ends: Phrases = ()


class TotalWordings(Wordings):
    """Phrases for totals; a row that begins with one in `opens` is a total although its last label
    is about something else."""

    opens: Phrases = ()


class Labels(Table):
    """Phrases by kind of row. A label is the words before a row's last number."""

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
    """Words about taxes on sales.

    `names` are those of taxes. A label with a word in `before` in front of a name is still about a
    tax (total, incl.); with a word in `behind` after it, it is not (`GST incl.` follows a total).
    `without` says that no tax is included (`w/o tax`).
    """

    names: Phrases = ()
    before: Phrases = ()
    behind: Phrases = ()
    without: Words = ()


class Counts(Table):
    """Words about the number of items: `labels` stand before the number, `words` behind it."""

    labels: Phrases = ()
    words: Phrases = ()


class Headings(Table):
    """Words above `columns`; those in `of_totals` may make up the label of a total as well."""

    columns: Phrases = ()
    of_totals: Phrases = ()
