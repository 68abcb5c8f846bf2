"""Loads `details.toml`: words around the fields that are neither goods nor sums."""

from functools import cache

from worker.pipeline.knowledge.files import Table, Words, load_table
from worker.pipeline.knowledge.patterns import Phrases


class NumberWords(Table):
    """Words before a number of the receipt, the till, the shop, its telephone or its taxes.

    `receipt_else` are less sure than `receipt`. Those in `further` may stand between such a word
    and the number. A number behind a word in `no_phone` is not that of a telephone.
    """

    receipt: Phrases
    receipt_else: Phrases
    till: Phrases
    store: Phrases
    phone: Phrases
    no_phone: Phrases
    tax_id: Phrases
    further: Phrases


class Shapes(Table):
    """Numbers that are known by their shape: 9 is any digit, and A is any letter."""

    tax_id: Words


class TimeWords(Table):
    """Words before a time, and words of rows whose hours are not of the purchase."""

    words: Phrases
    hours_of_opening: Phrases


class PaymentWords(Table):
    """Words for ways of payment. Rows with one in `neither` are about no payment.

    Those in `ending` stand before the last digits of a card.
    """

    cash: Phrases
    card: Phrases
    voucher: Phrases
    points: Phrases
    transfer: Phrases
    wallet: Phrases
    neither: Phrases
    ending: Phrases


class AddedWords(Table):
    """Words for what is added to the price of the goods and is no tax."""

    service: Phrases
    tip: Phrases


class DocumentWords(Table):
    """Words for a `refund`, and words that only an `invoice` has, which is paid later."""

    refund: Phrases
    invoice: Phrases


class DetailWords(Table):
    """The schema of `details.toml`."""

    numbers: NumberWords
    shapes: Shapes
    times: TimeWords
    payments: PaymentWords
    added: AddedWords
    documents: DocumentWords


@cache
def load_details() -> DetailWords:
    """Load the words of all languages. Raises KnowledgeError."""
    return load_table("details.toml", DetailWords)
