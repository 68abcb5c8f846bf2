"""Which currency a receipt is in, from symbols, codes, and words that one country uses."""

import re
from collections import Counter

# Each clue counts as often as it stands there, up to this.
_OFTEN = 3
# Written as such, beside an amount or in the small print of the card's terminal.
_CODES = re.compile(
    r"(?<![A-Za-z])(EUR|GBP|USD|CHF|MYR|CAD|AUD|NZD|SGD|HKD|SEK|NOK|DKK|PLN|CZK|HUF|ZAR|INR|IDR|PHP|"
    r"THB|JPY|BRL|MXN|AED)(?![A-Za-z])"
)
_CODE = 3
_STATE = (
    "A[KLRZ]|C[AOT]|DC|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|"
    "V[AT]|W[AIVY]"
)
_CLUES: tuple[tuple[str, str, int], ...] = (
    ("EUR", r"€|(?<![A-Za-z])EURO(?![A-Za-z])", 3),
    ("EUR", r"(?i:mwst|ust-id|steuernummer|\bGmbH\b|\bTVA\b|\bIVA\b|\bBTW\b|\bSIRET\b|\bKvK\b)", 1),
    ("GBP", r"£", 3),
    ("GBP", r"(?i:\bVAT (?:no|reg)|clubcard|nectar)|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", 1),
    ("CHF", r"\bSFr\b|\bFr\.\s?\d", 3),
    ("CHF", r"\bCHE-\d{3}|\bTWINT\b", 2),
    ("MYR", r"(?<![A-Za-z])(?:RM\s?\d|RM\b)", 3),
    ("MYR", r"(?i:sdn\W{0,2}bhd|\bS/B\b|\bBHD\b|selangor|johor|kuala lumpur)", 1),
    ("USD", r"(?<![A-Za-z])USD?\$", 3),
    # A state at the end of a row or before a ZIP code, a telephone, and taxes that come on top.
    ("USD", rf"\b(?:{_STATE}),?\s+\d{{5}}(?:-\d{{4}})?\b|,\s?(?:{_STATE})\s*$", 1),
    ("USD", r"\(\s?\d{3}\s?\)\s?\d{3}\s?-\s?\d{4}|(?<![\d-])\d{3}-\d{3}-\d{4}\b", 1),
    ("USD", r"(?i:\bsales tax\b|\btax ?1\b|\bEBT\b)", 1),
    ("CAD", r"(?<![A-Za-z])C(?:AD)?\$|(?i:\bGST/HST\b)", 3),
    ("CAD", r"\b(?:HST|PST|QST|TVQ|TPS)\b|(?i:\binterac\b)", 2),
    ("CAD", r"\b[ABCEGHJ-NPR-TVXY]\d[A-Z][ -]?\d[A-Z]\d\b", 2),
    ("CAD", r",\s?(?:AB|BC|MB|NB|NL|NS|ON|PE|QC|SK)\b|\s(?:AB|BC|MB|NS|QC|SK)$|(?i:\bcanada\b)", 2),
    ("AUD", r"(?<![A-Za-z])AU?D?\$|\bABN\b", 3),
    ("AUD", r"\b(?:NSW|VIC|QLD|TAS)\s+\d{4}\b", 2),
    ("NZD", r"(?<![A-Za-z])NZ\$|\bNZBN\b", 3),
    ("SGD", r"(?<![A-Z])S\$|(?i:\bsingapore\b|\bpte\.? ltd\b)", 2),
    ("HKD", r"(?<![A-Za-z])HK\$", 3),
    ("PLN", r"\bzł\b|\bNIP\b", 2),
    ("CZK", r"\bKč\b|\bDIČ\b", 2),
    ("INR", r"₹|(?i:\bGSTIN\b)", 3),
)
_PATTERNS = tuple((code, re.compile(clue, re.MULTILINE), worth) for code, clue, worth in _CLUES)
# Says only that it is one of several; by itself it is the United States', which have no such tax.
_DOLLAR = re.compile(r"(?<![A-Z])\$\s?\d")
_NOT_OF_THE_STATES = re.compile(r"\bGST\b")
_OTHER_DOLLARS = ("CAD", "AUD", "NZD", "SGD", "HKD")


def find_currency(text: str, *, of_chain: str | None = None) -> tuple[str | None, float]:
    """The ISO 4217 code with the most clues, and how sure that is (0 to 1).

    `of_chain`: what the chain that the receipt is from takes everywhere.
    """
    votes: Counter[str] = Counter()
    for code, clue, worth in _PATTERNS:
        votes[code] += worth * min(len(clue.findall(text)), _OFTEN)
    for code, times in Counter(_CODES.findall(text)).items():
        votes[code] += _CODE * min(times, _OFTEN)
    if of_chain:
        votes[of_chain] += 2
    dollars = min(len(_DOLLAR.findall(text)), _OFTEN)
    states = () if _NOT_OF_THE_STATES.search(text) else ("USD",)
    likeliest = max((*states, *_OTHER_DOLLARS), key=lambda code: votes[code])
    # Where nothing else tells them apart, it is a guess.
    guessed = not states and not votes[likeliest]
    votes[likeliest] += min(dollars, 1) if guessed else dollars
    (best, most), *rest = votes.most_common()
    if most == 0:
        return None, 0.0
    agreed = most / (most + sum(count for _, count in rest))
    return best, agreed * (1 - 0.5**most)
