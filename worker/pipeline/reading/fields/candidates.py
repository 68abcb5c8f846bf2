"""Finds the names that may be the merchant's, with what speaks for each."""

from collections.abc import Iterator, Sequence

from worker.pipeline.reading.fields.chains import chain_of, names_a_chain
from worker.pipeline.reading.fields.evidence import Candidate, Trait
from worker.pipeline.reading.fields.header import HeaderRow
from worker.pipeline.reading.fields.merchant_words import (
    former_below,
    greeted,
    has_legal_form,
    has_moment,
    owner_below,
    quoted,
    seller,
    without_numbers,
)
from worker.pipeline.reading.fields.written_names import core, written
from worker.pipeline.reading.rows.layout import ReadRow, letters

# The most rows of a logo.
_LOGO = 3
# Rows of one logo are about as high as each other.
_ALIKE = 1.7
# An engine that is less sure of a row may have read a logo or a picture.
_FAINT = 0.9
# A row of more words is a sentence; and names in the footer stand behind those of the header.
_FOOTER_WORDS = 6
_FOOTER_RANK = 2


def in_header(header: Sequence[HeaderRow]) -> Iterator[Candidate]:
    """Yield the names above the items."""
    rank = 0
    for index, row in enumerate(header):
        chain, count = _chain_at(index, header)
        if not (row.may_name or chain):
            continue
        name, used = _name_at(index, header)
        counts = not (row.is_slogan or _is_kind_above(index, header))
        traits = _traits(index, header, name, chain, first=rank == 0 and counts)
        rank += counts
        taken = [other.row for other in header[index : index + (count if chain else used)]]
        yield Candidate(
            chain or written(quoted(name) or name), taken, frozenset(traits), max(rank - 1, 0)
        )


def _traits(
    index: int, header: Sequence[HeaderRow], name: str, chain: str | None, *, first: bool
) -> Iterator[Trait]:
    row = header[index]
    above = header[index - 1].text if index else ""
    owned = bool(owner_below().search(above))
    seen = {
        Trait.FIRST: first,
        Trait.CHAIN: chain is not None,
        Trait.CHAIN_INSIDE: chain is None and names_a_chain(core(without_numbers(row.text))),
        Trait.SELLER: bool(seller().search(name)),
        Trait.LEGAL_FORM: has_legal_form(name) and not seller().search(name),
        # A company is often called by what it deals in, under the name of its shop.
        Trait.SHOP: row.is_shop and not row.is_kind and (first or not row.has_form),
        Trait.ABOVE_ADDRESS: _is_above_address(index, header),
        Trait.LARGE: row.is_large,
        Trait.OWNER: owned,
        Trait.SLOGAN: row.is_slogan,
        Trait.FORMER: bool(former_below().search(above)),
        Trait.CUSTOMER: not owned and any(other.is_title for other in header[:index]),
        Trait.FAINT: row.row.line.confidence < _FAINT,
        Trait.BELOW_DATE: any(has_moment(other.text) for other in header[:index]),
    }
    return (trait for trait, has in seen.items() if has)


def _chain_at(index: int, header: Sequence[HeaderRow]) -> tuple[str | None, int]:
    """Return the chain that a row names, alone or with the rows of a logo below it, and how many
    rows these are."""
    words = [row.text for row in header[index : index + _LOGO]]
    if chain := chain_of(quoted(words[0]) or ""):
        return chain, 1
    for count in range(1, len(words) + 1):
        if chain := chain_of(" ".join(words[:count])):
            return chain, count
    return None, 0


def _is_kind_above(index: int, header: Sequence[HeaderRow]) -> bool:
    """Return whether a row has only what the shop deals in, and a name is below."""
    if not header[index].is_kind:
        return False
    below = header[index + 1 : index + 1 + _LOGO]
    return any(row.may_name and not (row.is_kind or row.is_slogan) for row in below)


def _name_at(index: int, header: Sequence[HeaderRow]) -> tuple[str, int]:
    """Return a row's text and 1, or that of the rows of a logo or of a legal form, and how many."""
    count = 1
    while (
        count < _LOGO
        and index + count < len(header)
        and _continues(header[index], header[index + count])
    ):
        count += 1
    if index + count < len(header) and header[index + count].is_form:
        count += 1
    return " ".join(row.text for row in header[index : index + count]), count


def _continues(row: HeaderRow, below: HeaderRow) -> bool:
    """Return whether two rows belong to one logo, or the second has only the kind of shop."""
    if below.is_kind and row.may_name and not (row.has_form or row.is_kind or row.is_slogan):
        return True
    if not (row.is_large and below.is_large and below.may_name) or below.has_form:
        return False
    return 1 / _ALIKE < row.height / below.height < _ALIKE


def _is_above_address(index: int, header: Sequence[HeaderRow]) -> bool:
    """Return whether an address follows before the next name, apart from that of the company."""
    for row in header[index + 1 :]:
        if row.is_address:
            return not row.is_title
        if row.may_name and not (row.has_form or row.is_slogan):
            return False
    return False


def in_footer(footer: Sequence[ReadRow]) -> Iterator[Candidate]:
    """Yield the names of companies below the items."""
    for row in footer:
        name = written(row.text)
        is_short = len(row.text.split()) <= _FOOTER_WORDS
        if row.amount is None and is_short and has_legal_form(name) and HeaderRow(row, 1).may_name:
            yield Candidate(name, (row,), frozenset({Trait.LEGAL_FORM}), _FOOTER_RANK)


def in_greetings(rows: Sequence[ReadRow]) -> Iterator[Candidate]:
    """Yield what greetings name, as in `Thank you for shopping at Zephyra`."""
    for row in rows:
        name = greeted(row.text)
        if name and letters(name) > 1 and row.amount is None:
            name = chain_of(name) or written(name)
            yield Candidate(name, (row,), frozenset({Trait.GREETED}))
