"""Which currency a receipt is in, from symbols, codes, and words that one country uses."""

import re
from collections import Counter

# How strongly each clue speaks: a code next to an amount more than a word of the tax law.
_CLUES: tuple[tuple[str, re.Pattern[str], int], ...] = (
    ("EUR", re.compile(r"€|(?<![A-Za-z])EUR(?:O)?(?![A-Za-z])"), 3),
    ("GBP", re.compile(r"£|(?<![A-Za-z])GBP(?![A-Za-z])"), 3),
    ("CHF", re.compile(r"(?<![A-Za-z])CHF(?![A-Za-z])"), 3),
    ("USD", re.compile(r"US\$|(?<![A-Za-z])USD(?![A-Za-z])"), 3),
    ("MYR", re.compile(r"(?<![A-Za-z])(?:RM\s?\d|RM\b|MYR(?![A-Za-z]))"), 3),
    ("USD", re.compile(r"\$\s?\d"), 1),
    ("MYR", re.compile(r"sdn\W{0,2}bhd|\bS/B\b|\bBHD\b|selangor|johor|kuala lumpur", re.I), 1),
    ("EUR", re.compile(r"mwst|ust-id|steuernummer|\bGmbH\b|\bTVA\b|\bIVA\b|\bBTW\b", re.I), 1),
    ("GBP", re.compile(r"\bVAT (?:no|reg)|clubcard|nectar", re.I), 1),
    # A state and its ZIP code, and taxes that come on top.
    ("USD", re.compile(r"\b[A-Z]{2},? \d{5}(?:-\d{4})?\b|\bsales tax\b|\btax ?1\b", re.I), 1),
    ("CHF", re.compile(r"\bCHE-\d{3}|\bTWINT\b"), 1),
)


def find_currency(text: str) -> tuple[str | None, float]:
    """The ISO 4217 code with the most clues, and how sure that is (0 to 1)."""
    votes: Counter[str] = Counter()
    for code, clue, weight in _CLUES:
        votes[code] += weight * min(len(clue.findall(text)), 3)
    (best, most), *rest = votes.most_common()
    if most == 0:
        return None, 0.0
    agreed = most / (most + sum(count for _, count in rest))
    return best, agreed * (1 - 0.5**most)
