"""The merchant's name: from the rows above the first date, heading or amount."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from worker.pipeline.reading.chains import chain_of, names_a_chain
from worker.pipeline.reading.layout import ReadRow, letters
from worker.pipeline.reading.lexicon import RowKind

_LOOK_AT = 14
# Rows of a logo at most.
_LOGO = 3
# Letters with blanks between: P E N N Y.
_SPACED = re.compile(r"(?<!\S)(?:[^\W\d_] ){2,}[^\W\d_](?!\S)")
_LEGAL_FORM = re.compile(
    r"sdn\W{0,2}bhd(?!\w)|(?<!\w)(?:bhd|s/b|gmbh|ltd|limited|inc|llc|plc|ag|ohg|kg|sarl|sas|s\.a\.?|"
    r"b\.?v|n\.v|s\.?p\.?a|s\.?r\.?l|s\.l)(?!\w)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(?:str(?:\.|a(?:ß|ss)e)|\w+(?:str\.|stra(?:ß|ss)e|allee|weg|platz|gasse|straat|laan|plein)|"
    r"street|road|rd|avenue|ave|lane|blvd|boulevard|weg|platz|allee|rue|via|viale|corso|piazza|"
    r"calle|avda|plaza|place|jalan|jln|lot|taman|tmn|no\.?\s?\d+|floor|flr|bandar|bvd|bd|pkwy|hwy|"
    r"p\.?o\.? box|straat|laan)\b|"
    # Postal codes before a town, British ones, and a number at the end.
    r"^\d+ [\w .]+ (?:st|dr|blvd|ln|way|ct|sq|ter|cres)\b\.?|"
    r"\b\d{4,5}\b\s+[^\W\d]|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\d+[,\s]*$",
    re.IGNORECASE,
)
_SHOP = re.compile(
    r"\b(?:super|hyper|mini)?\s?(?:market|mart|markt|march[eé]|mercado|mercato)s?\b|"
    r"\b(?:diner|restaurante?|ristorante|caf[eé]|coffee|grill|pizz(?:a|eria)|bistro|brasserie|trattoria|"
    r"osteria|gasthaus|kitchen|tavern|pub|bar|cantina|taqueria|sushi|noodles?|bakehouse|eatery|"
    r"shop|stores?|grocer(?:y|ies|s)?|grocers|foods?|deli|bakery|bakers|butchers?|pharmacy|"
    r"kiosk|farm|trading|enterprises?|wholesale|bio(?:markt|laden)|feinkost|"
    r"(?:hof|dorf)laden|metzgerei|fleischerei|apotheke|drogerie|boulangerie|boucherie|[eé]picerie|"
    r"panader[ií]a|carnicer[ií]a|fruter[ií]a|farmacia|panificio|macelleria|alimentari|bakkerij|"
    r"slagerij|apotheek|supermarkt|b[aä]ckerei)\b",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    r"tel|fax|gst|vat|ust|tax|invoice|receipt|cashier|www|http|@|\breg\b|\bco\.? ?no|company no|"
    r"thank|welcome|willkommen|öffnungs|goods sold|feedback|voucher|hours|uhr\b|branch|\bbr no|"
    r"p\.? ?iva|\bnif\b|\bcif\b|siret|\bkvk\b|documento|factura|ticket|kassenbon|\bdate\b|datum|"
    r"store #|beleg\b|^(?:inh(?:aber(?:in)?)?|prop|di)\b|licensee|franchise|owned by|operated by|"
    r"\b(?:visa|master ?card|american express|amex|entry method|approved|debit|order)\b|"
    r"\b(?:self.?checkout|manager|served by|price|copy)\b",
    re.IGNORECASE,
)
# What follows the title of the document is about the customer.
_TITLE = re.compile(
    r"\b(?:invoice|date|datum|fecha|bill to|sold to|customer|rechnung|facture)\b", re.I
)
_REGISTRATION = re.compile(
    r"\s*[('\"]?\(?\s*[A-Z]{0,2}\d{4,}\s?[-–]?\s?[A-Z\d]?\s*\)?\W*$", re.IGNORECASE
)
_SHORT_FORM = re.compile(r"(?:\w\.){2,}$")


@dataclass(frozen=True)
class FoundMerchant:
    """The name as printed, and how sure it is the merchant's (0 to 1)."""

    name: str
    confidence: float


def find_merchant(rows: Sequence[ReadRow]) -> FoundMerchant | None:
    """The row of the header that most looks like the name of a shop."""
    header = _header(rows)
    if not header:
        return None
    height = median(row.line.height for row in header)
    scored = [(_score(index, header, height), -index) for index in range(len(header))]
    score, index = max(scored)
    if score <= 0:
        return None
    row = header[-index]
    certain = _is_certain(-index, header) and sum(one > score - 2 for one, _ in scored) == 1
    confidence = min(0.4 + score / 12, 0.95 if certain else 0.85) * row.line.confidence
    name = _chain_at(-index, header) or _written(_full_name(-index, header))
    return FoundMerchant(name, confidence)


def _header(rows: Sequence[ReadRow]) -> list[ReadRow]:
    header: list[ReadRow] = []
    for row in rows[:_LOOK_AT]:
        if row.kind is RowKind.HEADING or (header and row.amount and row.amount.value > 0):
            break
        header.append(row)
    return header


def _score(index: int, header: Sequence[ReadRow], height: float) -> float:
    text = header[index].text
    if _is_registration(text):
        return 0.0
    if _LEGAL_FORM.fullmatch(text.strip(" .")):
        return 0.0
    score = 4.0 - index * 0.3
    score += _of_legal_form(_full_name(index, header))
    score += 6.5 if _chain_at(index, header) else 5.5 if names_a_chain(text) else 0.0
    score += 3.0 if _before_address(index, header) else 0.0
    score += min(header[index].line.height / height, 3.0) - 1.0
    score += 1.5 if _is_shop(text) else 0.0
    score -= 4.0 if _is_address(text) else 0.0
    score -= 4.0 if any(_TITLE.search(row.text) for row in header[:index]) else 0.0
    return score


def _chain_at(index: int, header: Sequence[ReadRow]) -> str | None:
    """The chain that a row is, alone or with the rest of a logo below it."""
    words = [row.text for row in header[index : index + _LOGO]]
    joined = (" ".join(words[:count]) for count in range(1, len(words) + 1))
    return next((chain for text in joined if (chain := chain_of(text))), None)


def _is_certain(index: int, header: Sequence[ReadRow]) -> bool:
    """Whether more than its place says that a row is the merchant's name."""
    text = header[index].text
    return bool(_chain_at(index, header) or _LEGAL_FORM.search(text) or _is_shop(text))


def _of_legal_form(name: str) -> float:
    """Malaysian invoices name the company that sold; elsewhere anybody may be behind a sign."""
    if not _LEGAL_FORM.search(name):
        return 0.0
    return 5.5 if re.search(r"\bbhd\b", name, re.IGNORECASE) else 3.0


def _before_address(index: int, header: Sequence[ReadRow]) -> bool:
    """Whether an address follows, after at most a number in the register."""
    following = [row.text for row in header[index + 1 : index + 3]]
    if following and not _is_registration(following[0]):
        following = following[:1]
    return any(_is_address(text) and not _TITLE.search(text) for text in following)


def _is_shop(text: str) -> bool:
    """Whether it says what kind of shop it is; with a number it is a street's name."""
    return bool(_SHOP.search(text)) and not re.search(r"\d", text)


def _is_address(text: str) -> bool:
    return bool(_ADDRESS.search(text)) and not (_LEGAL_FORM.search(text) or _is_shop(text))


def _is_registration(text: str) -> bool:
    return letters(_REGISTRATION.sub("", text)) < 3 or bool(_NOT_A_NAME.search(text))


def _full_name(index: int, header: Sequence[ReadRow]) -> str:
    """With the legal form, where that has a row of its own."""
    name = header[index].text
    if index + 1 < len(header) and _LEGAL_FORM.fullmatch(header[index + 1].text.strip(" .")):
        name = f"{name} {header[index + 1].text}"
    return name


def _written(name: str) -> str:
    """Without what surrounds it in print, and with a space where the print was too narrow."""
    name = _SPACED.sub(lambda letters: letters[0].replace(" ", ""), name)
    name = re.sub(r"\)(?=\w)", ") ", _REGISTRATION.sub("", name))
    name = re.sub(r"\b(sdn)\s?\.?\s?(?=bhd\b)", r"\1 ", name, flags=re.IGNORECASE)
    stripped = name.strip(" .,:;-'\"*=_#~")
    return (
        f"{stripped}."
        if _SHORT_FORM.search(f"{stripped}.") and f"{stripped}." in name
        else stripped
    )
