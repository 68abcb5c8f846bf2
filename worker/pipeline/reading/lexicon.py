"""Words that tell what a row is: English, German, French, Spanish, Italian, Dutch, Malay shops.

Only the beginning of a label counts: `Balance Brot` is bread, `Balance due` is a total.
"""

import re
from enum import StrEnum


class RowKind(StrEnum):
    """What a row says, when it is not about a bought thing."""

    TOTAL = "total"
    SUBTOTAL = "subtotal"
    TAX = "tax"
    ROUNDING = "rounding"
    PAYMENT = "payment"
    CHANGE = "change"
    COUNT = "count"
    SAVING = "saving"
    HEADING = "heading"


def _begins(*alternatives: str) -> re.Pattern[str]:
    """The label begins with one of these as whole words."""
    return re.compile(rf"(?:{'|'.join(alternatives)})(?![^\W\d_])", re.IGNORECASE)


def _is(*alternatives: str) -> re.Pattern[str]:
    """The label is one of these and at most a currency: for words that products have as well."""
    currency = r"(?:rm|eur|euro|usd|gbp|chf)?"
    return re.compile(rf"(?:{'|'.join(alternatives)})\W*{currency}\W*$", re.IGNORECASE)


# Tried in this order; the first that matches names the label.
_KINDS: tuple[tuple[RowKind, re.Pattern[str]], ...] = (
    (
        RowKind.SAVING,
        _begins(
            r"total (?:saving|discount)s?",
            "savings?",
            "sie haben gespart",
            "ersparnis",
            "you saved?",
            r"total stamp\W*s",
            r"\w*punkte",
            r"points?",
        ),
    ),
    (
        RowKind.COUNT,
        _begins(
            r"total (?:qtys?|quantity|items?|pcs)",
            r"items? (?:count|sold)",
            r"no\.? of items?",
            r"(?:number|qty|quantity) of items",
            "quantity out",
            "posten",
            "anzahl",
            "aantal",
            r"nombre d.articles",
            r"n[°º.]? ?articoli",
        ),
    ),
    (RowKind.COUNT, _is("items?", "qtys?", "quantity", "artikel", "pcs")),
    (
        RowKind.ROUNDING,
        _begins(
            "rounding adj\\w*",
            r"round amt",
            "rundung",
            "arrondi",
            "afronding",
            "redondeo",
            "arrotondamento",
        ),
    ),
    (RowKind.ROUNDING, _is("rounding", "rounded")),
    (
        RowKind.CHANGE,
        _begins(
            "r(?:ü|u|ue)ckgeld",
            "wechselgeld",
            "wisselgeld",
            "monnaie rendue",
            "cash change",
            "change (?:amt|amount|due)",
            "a rendre",
        ),
    ),
    (RowKind.CHANGE, _is("change", "zur(?:ü|ue)ck", "rendu", "cambio", "resto", "baki")),
    (
        RowKind.SUBTOTAL,
        _begins(r"sub\W?total\w*", "zwischensumme", r"sous\W?total", "subtotale", "subtotaal"),
    ),
    (
        RowKind.TAX,
        _begins(
            r"(?:total|incl?\.?|plus|zzgl\.?|inkl\.?|enth\.?|davon|dont)?\s*"
            r"(?:sales )?(?:gst|sst|vat|tax|tva|iva|btw|mwst|ust|mehrwertst\w*)\b(?! *incl)",
            "netto",
            "brutto",
            r"total excl?\w*",
            "total supplies",
        ),
    ),
    (
        RowKind.TOTAL,
        _begins(
            r"(?:grand |net{1,2} ?|final |sale |items? )?total(?:s|sales|amount|payable|due)?",
            "zu zahlen",
            r"gesamt(?:betrag|summe)?",
            "summe",
            "endbetrag",
            "amount (?:due|payable)",
            "balance (?:due|to pay)",
            "rounded total",
            r"(?:net |total )?[àa] payer",
            r"montant d[uû]",
            "totale",
            r"(?:importe )?total",
            "a pagar",
            "te betalen",
            "totaal",
            "jumlah",
            "rounding rm",
        ),
    ),
    (RowKind.TOTAL, _is("balance", "betrag", "importe", "montant", "tl")),
    (
        RowKind.PAYMENT,
        _begins(
            "cash (?:received|tendered|paid)",
            "bargeld",
            "gegeben",
            "master ?card",
            "maestro",
            r"(?:debit|credit|kredit|ec|giro)\W?(?:card|karte|cash|mastercard)?",
            "kartenzahlung",
            r"\w*karte",
            "tender\\w*",
            r"(?:customer.s )?payment",
            "paid",
            "bezahlt",
            "visa",
            "amex",
            r"esp[eè]ces",
            "efectivo",
            "contanti",
            "bancomat",
            "tarjeta",
            "carte bancaire",
            "card payment",
            "zahlung",
            "master",
        ),
    ),
    (RowKind.PAYMENT, _is("cash", "bar", "contant", "pin", "carte", "card", "cb", "eft")),
)

_TOTAL_FIRST = re.compile(r"\W*(?:grand |net )?total (?:sales|amount|incl\w*|rm)\b", re.IGNORECASE)
_HEADING_WORD = re.compile(
    r"(?:item|code|no|qty|uom|u|unit|price|amt|amount|descript\s?ions?|tax|exc|inc|incl|gst|disc|"
    r"total|menge|artikel|preis|betrag|bezeichnung|einzelpreis|qte|prix|montant|cant|precio|"
    r"importe|aantal|prijs|bedrag|sale|rm|eur)",
    re.IGNORECASE,
)

# What is counted between a label and its amount: TOTAL 5 ARTICLES 7.89.
_COUNTED = re.compile(
    r"\(?\b\d{1,3}\s?(?:items?|articles?|artikel|art[ií]culos?|articoli|pezzi|pcs|st(?:ü|ue?)ck)\b\)?",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\(?@?\s*\d{1,2}(?:[.,]\d{1,2})?\s?%\)?")
# Numbers part the labels of a row: "Item Count 4 Change Amt 7.50" has two.
_NUMBER = re.compile(r"(?:RM\s?)?[-.,\d]*\d[-.,\d*x]*", re.IGNORECASE)


def last_label(text: str) -> str:
    """The words that stand nearest before a row's last number."""
    text = _PERCENT.sub(" ", text.replace("(s)", "s").replace("(S)", "S"))
    parts = _NUMBER.split(_COUNTED.sub(" ", text))
    labels = [" ".join(part.split()).strip(" :;.,*\"'=-+()") for part in parts]
    return next((label for label in reversed(labels) if len(label) > 1), "")


def row_kind(text: str) -> RowKind | None:
    """What a row is about, or None when no word gives it away."""
    if _is_heading(text):
        return RowKind.HEADING
    label = last_label(text)
    for kind, words in _KINDS:
        if words.match(label):
            return kind
    # `Total Sales (Incl. 6% GST) 5.00`: the last label may be an afterthought of the first.
    return RowKind.TOTAL if _TOTAL_FIRST.match(text) else None


def _is_heading(text: str) -> bool:
    """Two words or more, all of which stand above columns."""
    words = re.findall(r"\w+(?:\s?ions?\b)?", text)
    return len(words) > 1 and all(_HEADING_WORD.fullmatch(word) for word in words)


_DISCOUNT = re.compile(
    r"\W*(?:item |member |staff |store |mfr )?(?:discount|disc|coupons?|cpn|voucher|rabatt|"
    r"(?:preis)?nachlass|gutschein|remise|r[ée]duction|sconto|descuento|dto|korting|saving)s?\b",
    re.IGNORECASE,
)


def is_discount(name: str) -> bool:
    """Whether an item is something taken off, even where its amount has no minus."""
    return bool(_DISCOUNT.match(name))


LEGAL_FORM = re.compile(
    r"sdn\W{0,2}bhd(?!\w)|(?<!\w)(?:bhd|s/b|gmbh|ltd|limited|inc|llc|plc|ag|ohg|kg|sarl|sas|s\.a\.?|"
    r"b\.?v|n\.v|s\.?p\.?a|s\.?r\.?l|s\.l)(?!\w)",
    re.IGNORECASE,
)
