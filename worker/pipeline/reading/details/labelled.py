"""Finds what is printed behind a word for it, such as the number behind `Bon-Nr.:`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import Phrases, any_of, pattern_of
from worker.pipeline.reading.details.sheet import Span
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

# Shorter words occur by chance, so that they need a mark such as a colon behind them.
SHORT = 3
# A word ends before anything but a letter. Chinese, Japanese and Korean have no blanks.
_END = r"(?:(?<=[\u3040-\u9fff\uac00-\ud7a3])|(?![^\W\d_]))"
# Card numbers have so many digits. Few other numbers have so many as the second range.
_CARD, _ONLY_CARD = range(13, 20), range(16, 20)
# Cards of 13 to 15 digits begin so.
_ISSUER = re.compile(r"4\d{12}$|3\d{13}$|3[47]\d{13}$|(?:1800|2131)\d{11}$")
# A number in so many groups, the first of fewer digits than the other figure, is of no card.
_SPLIT, _GROUP = 4, 4


@dataclass(frozen=True)
class Labelled:
    """A value behind its word, which begins at `begin`.

    `is_marked` if a colon, a hash or `no.` stands between them.
    """

    value: str
    begin: int
    span: Span
    is_marked: bool


@dataclass(frozen=True)
class Finder:
    """Finds values of one form behind the words for them."""

    pattern: re.Pattern[str]
    shortest: int

    def find(self, rows: Sequence[ReadRow]) -> Iterator[Labelled]:
        """Yield the values of all rows, from top to bottom."""
        for row in rows:
            for match in self.pattern.finditer(_legible(row.printed)):
                is_marked = any(mark in match["between"] for mark in ":#.=") or bool(match["more"])
                if is_marked or len(match["word"]) >= self.shortest:
                    span = Span(row, match.start("value"), match.end("value"))
                    value = row.printed[span.start : span.end].strip()
                    yield Labelled(value, match.start(), span, is_marked)


def finder(words: Phrases, value: str, shortest: int = SHORT) -> Finder:
    """Return a finder of what the regular expression `value` matches, behind one of `words`.

    Words of fewer letters than `shortest` need a mark behind them, such as a colon.
    """
    # The longest phrase first, so that `vat reg no` is not taken for `vat`.
    phrases = "|".join(map(pattern_of, sorted(words, key=len, reverse=True)))
    further = any_of(sorted(load_details().numbers.further, key=len, reverse=True))
    more = rf"(?:[\s.\-/]{{0,3}}{further}{_END})*"
    return Finder(
        re.compile(
            rf"(?<![^\W_])(?P<word>{phrases}){_END}(?P<more>{more})"
            rf"(?P<between>[\s.:#=№º°>*_-]{{0,5}})(?P<value>{value})",
            re.IGNORECASE,
        ),
        shortest,
    )


def _legible(text: str) -> str:
    """Return a text of the same length in lower case, with `org.nr` for `0rg.nr`."""
    return re.sub(r"(?<!\w)0(?=[a-z]{2})", "o", folded(text))


def may_be_card(text: str) -> bool:
    """Return whether the digits of a text may be those of a card, even if one was misread.

    So many digits as only cards have are refused whatever their sum; numbers of 13 to 15 digits
    belong to taxpayers, too, and are refused if they begin as a card or have its check digit,
    which is by the algorithm of Luhn. No card begins with 0, has letters among its digits, or
    begins with a short group of several, such as `12.345.678/0001-95`.
    """
    digits = "".join(digit for digit in text if digit.isdecimal())
    groups = re.findall(r"\d+", text)
    if len(digits) not in _CARD or digits.startswith("0"):
        return False
    if len(max(groups, key=len)) not in _ONLY_CARD and re.search(r"\d[^\W\d_]|[^\W\d_]\d", text):
        return False
    if len(groups) >= _SPLIT and len(groups[0]) < _GROUP:
        return False
    return len(digits) in _ONLY_CARD or bool(_ISSUER.match(digits)) or _has_check_digit(digits)


def _has_check_digit(number: str) -> bool:
    digits = [int(digit) for digit in number]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
