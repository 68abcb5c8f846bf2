"""Looks again at what is doubtful in a receipt, within bounds, and keeps what adds up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.contracts.receipts.extraction import Extraction
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import UprightPage
from worker.pipeline.ocr.pages import Recognition
from worker.pipeline.second_look.changes import Change, changed, read_again
from worker.pipeline.second_look.choosing import is_better
from worker.pipeline.second_look.doubts import Doubt, amounts_in_doubt, dates_in_doubt

# So many pieces are read again, and one more for each so many lines of the page.
_FEW, _SHARE = 8, 4
# The most lines that are read again for a date.
_DATES = 6
# The most times that the changed lines are turned into a receipt.
_READINGS = 6

Understand = Callable[[Recognition], Extraction]


@dataclass(frozen=True)
class SecondLook:
    """The lines after another look, how many pieces were read again, and the changes made."""

    found: Recognition
    pieces: int
    changes: Sequence[Change]


def may_gain(found: Recognition, first: Extraction, engine: OcrEngine) -> bool:
    """Return whether a second look may gain something: there are doubts, pixels to look at, and
    an engine that reads lines."""
    pixels = any(isinstance(page, UprightPage) for page in found.pages)
    return engine.reads_lines and pixels and _is_doubtful(first)


def _is_doubtful(read: Extraction) -> bool:
    return not read.reconciled or read.date.value is None


def look_again(
    found: Recognition, first: Extraction, engine: OcrEngine, understand: Understand
) -> SecondLook:
    """Read doubtful words again, and choose the changes with which the receipt gains most.

    `understand` turns lines into a receipt. Without a gain, the lines are those of before.
    """
    pieces, changes = 0, list[Change]()
    for number, page in enumerate(found.pages):
        if isinstance(page, UprightPage):
            doubts = _doubts(page, first)
            pieces += len(doubts)
            changes += read_again(number, page, doubts, engine)
    chosen = _chosen(found, first, changes, understand)
    return SecondLook(changed(found, chosen), pieces, chosen)


def _doubts(page: UprightPage, first: Extraction) -> list[Doubt]:
    doubts = list[Doubt]()
    if not first.reconciled:
        doubts += islice(amounts_in_doubt(page.lines), _FEW + len(page.lines) // _SHARE)
    if first.date.value is None:
        doubts += islice(dates_in_doubt(page.lines), _DATES)
    return doubts


def _chosen(
    found: Recognition, first: Extraction, changes: Sequence[Change], understand: Understand
) -> list[Change]:
    """Try sets of changes, each on top of those that were gains."""
    best, chosen = first, list[Change]()
    sets = _sets(changes, alone=first.reconciled)
    for some in islice(sets, _READINGS):
        if not _is_doubtful(best):
            break
        tried = [*chosen, *(change for change in some if change not in chosen)]
        read = understand(changed(found, tried))
        completed = all(change.completes for change in tried)
        if is_better(read, best, completed=completed):
            best, chosen = read, tried
    return chosen


def _sets(changes: Sequence[Change], *, alone: bool) -> Iterator[Sequence[Change]]:
    """Yield the amounts that were missing, then all changes, unless each is only tried alone;
    then every change alone."""
    missing = [change for change in changes if change.completes]
    if missing and not alone:
        yield missing
    if len(changes) > max(len(missing), 1) and not alone:
        yield changes
    yield from ([change] for change in changes)
