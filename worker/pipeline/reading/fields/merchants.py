"""Finds the merchant's name by all that speaks for it, in the header and elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from worker.pipeline.reading.fields.candidates import in_footer, in_greetings, in_header
from worker.pipeline.reading.fields.chains import chain_of, chain_of_slogan
from worker.pipeline.reading.fields.domains import domains_in, name_in
from worker.pipeline.reading.fields.evidence import GUESS, LIKELY, Candidate, Trait
from worker.pipeline.reading.fields.header import HeaderRow, read_header
from worker.pipeline.reading.fields.merchant_words import is_address
from worker.pipeline.reading.fields.written_names import compact, core, written
from worker.pipeline.reading.rows.layout import ReadRow

# The most rows of the footer.
_FOOTER = 40
# Fewer letters occur by chance in other words.
_FEWEST = 4
# The name with the second most evidence is this close in a case of doubt.
_CLOSE = 1.0


@dataclass(frozen=True)
class FoundMerchant:
    """The name, the confidence that it is the merchant's, from 0 to 1, and the rows that have it.

    There are no rows if the name follows from something else, such as a slogan.
    """

    name: str
    confidence: float
    rows: Sequence[ReadRow] = ()


def find_merchant(rows: Sequence[ReadRow]) -> FoundMerchant | None:
    """Find the name of the shop, or that of the company if no other is printed."""
    header = read_header(rows)
    footer = _footer(rows, len(header))
    around = [*(row.row for row in header), *footer]
    names = set(_domain_names(around))
    others = [row.row for row in header if row.may_be_name] + [
        row for row in footer if not is_address(row.text)
    ]
    candidates = [
        _confirmed(candidate, names, others)
        for candidate in (*in_header(header), *in_footer(footer), *in_greetings(around))
    ]
    candidates.sort(key=lambda candidate: candidate.worth, reverse=True)
    inferred = _inferred(header, names)
    if not candidates or candidates[0].worth <= 0:
        return inferred
    best = candidates[0]
    if best.confidence <= GUESS and inferred and inferred.confidence > GUESS:
        return inferred
    confidence = best.confidence
    if _is_disputed(best, candidates[1:]):
        confidence = min(confidence, LIKELY)
    read = min((row.line.confidence for row in best.rows), default=1.0)
    return FoundMerchant(best.name, confidence * read, best.rows)


def _is_disputed(best: Candidate, others: Sequence[Candidate]) -> bool:
    """Return whether another name has about as much evidence."""
    return any(
        other.worth > best.worth - _CLOSE and compact(core(other.name)) not in compact(best.name)
        for other in others
    )


def _footer(rows: Sequence[ReadRow], header: int) -> Sequence[ReadRow]:
    """Return the last rows below the items, or nothing if it is not known where these end."""
    begin = next((index for index, row in enumerate(rows) if row.is_summary), len(rows))
    return rows[max(begin, header, len(rows) - _FOOTER) :]


def _confirmed(candidate: Candidate, names: set[str], others: Sequence[ReadRow]) -> Candidate:
    """Add the traits that a name has because a domain or one of the other rows has it as well."""
    name = compact(core(candidate.name))
    if len(name) < _FEWEST:
        return candidate
    found = set()
    if any(_same(domain, name) for domain in names):
        found.add(Trait.DOMAIN)
    if any(row not in candidate.rows and name in compact(row.text) for row in others):
        found.add(Trait.REPEATED)
    return replace(candidate, traits=candidate.traits | found)


def _same(domain: str, name: str) -> bool:
    """Return whether one of two names in compact form has the other in it."""
    name_of = compact(domain)
    return name in name_of or (len(name_of) >= _FEWEST and name_of in name)


def _inferred(header: Sequence[HeaderRow], names: set[str]) -> FoundMerchant | None:
    """Return the merchant by a slogan or a domain, if no row is its name."""
    for row in header:
        if chain := chain_of_slogan(row.text):
            return FoundMerchant(chain, LIKELY)
    chains = {chain for name in names if (chain := chain_of(name))}
    if len(chains) == 1:
        return FoundMerchant(chains.pop(), LIKELY)
    if len(names) == 1:
        return FoundMerchant(written(names.pop().replace("-", " ").title()), GUESS)
    return None


def _domain_names(rows: Sequence[ReadRow]) -> Iterator[str]:
    for row in rows:
        for domain in domains_in(row.text):
            if name := name_in(domain):
                yield name
