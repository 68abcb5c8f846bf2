"""Words that tell whether a row of the header is a name, an address or something else."""

import re

LEGAL_FORM = re.compile(
    r"sdn\W{0,2}bhd(?!\w)|(?<!\w)(?:bhd|s/b|gmbh|ltd|limited|inc|llc|plc|ag|ohg|kg|sarl|sas|s\.a\.?|"
    r"soc\. ?coop|b\.?v|n\.v|s\.?p\.?a|s\.?r\.?l|s\.l)(?!\w)",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"\b(?:str(?:\.|a(?:ß|ss)e)|\w+(?:str\.|stra(?:ß|ss)e|allee|weg|platz|gasse|straat|laan|plein)|"
    r"street|road|rd|avenue|ave|lane|blvd|boulevard|weg|platz|allee|rue|via|viale|corso|piazza|"
    r"calle|avda|plaza|place|jalan|jln|lot|taman|tmn|no\.?\s?\d+|bandar|bvd|bd|pkwy|hwy|"
    r"p\.?o\.? box|straat|laan|mall|shopping (?:cent(?:re|er))|"
    r"(?:\d+\w*|ground|first|second|third|upper|lower) (?:floor|flr))\b|"
    # A state or province behind a comma.
    r",\s?(?-i:[A-Z]{2})\s*$|"
    # Postal codes before a town, British ones, and a number at the end.
    r"^\d+ [\w .]+ (?:st|dr|blvd|ln|way|ct|sq|ter|cres)\b\.?|"
    r"\b\d{4,5}\b\s+[^\W\d]|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\d+[,\s]*$",
    re.IGNORECASE,
)
SHOP = re.compile(
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
NOT_A_NAME = re.compile(
    r"tel|fax|gst|vat|ust|tax|invoice|receipt|cashier|www|http|@|\breg\b|\bco\.? ?no|company no|"
    r"thank|welcome|willkommen|öffnungs|goods sold|feedback|voucher|hours|uhr\b|branch|\bbr no|"
    r"p\.? ?iva|\bnif\b|\bcif\b|siret|\bkvk\b|documento|factura|ticket|kassenbon|\bdate\b|datum|"
    r"beleg\b|^(?:inh(?:aber(?:in)?)?|prop|di)\b|licensee|franchise|owned by|operated by|"
    r"\b(?:visa|master ?card|american express|amex|entry method|approved|debit|order)\b|"
    r"\b(?:self.?checkout|manager|served by|price|copy|transaction|duplicate|kopie|sale|guest|"
    r"customer)\b",
    re.IGNORECASE,
)

# What shops say of themselves.
SLOGAN = re.compile(
    r"\S\s+\S+\s+\S{1,40}[.!?]\W{0,5}$|^\W*[\"\u201c].*[\"\u201d]\W*$|"
    r"\b(?:your|you|we|our|more sav\w*|save|since|always|quality|low prices?|every day)\b",
    re.IGNORECASE,
)
# The row below names the company, whatever stands before it.
OWNER_BELOW = re.compile(r"\b(?:owned|operated|managed) by\W*$", re.IGNORECASE)
# The row below names what the company was once.
FORMER_BELOW = re.compile(r"\b(?:formerly|f\.?k\.?a)\b[\w ]*$", re.IGNORECASE)
# Behind a name: numbers in a register or of a branch.
_REGISTRATION = re.compile(
    r"\s*[('\"]?\(?\s*[A-Z]{0,2}\d{4,}\s?[-–]?\s?[A-Z\d]?\s*\)?\W*$", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"\((?=[^()]*\d)[^()]*\)?")
_BRANCH = re.compile(
    r"\s*(?:\bstore|\bfiliale|\bbranch)?\s*(?:#|\bno\.?|\bnr\.?)\s?\d+\b.*$", re.IGNORECASE
)


def without_numbers(text: str) -> str:
    """A name without the numbers that follow it."""
    name = _REGISTRATION.sub("", _BRANCH.sub("", _IN_BRACKETS.sub("", text)))
    return name.strip()
