"""The part of a language's file that says what kind of row a row is; see `vocabulary.py`."""

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
