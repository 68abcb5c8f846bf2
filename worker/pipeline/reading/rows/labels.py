"""Words that tell what a row is: English, German, French, Spanish, Italian, Dutch, and of
Malaysian shops. A label is the words before a row's last number."""

import re
from enum import StrEnum


class RowKind(StrEnum):
    """What a row says, when it is not about a bought thing."""

    TOTAL = "total"
    SUBTOTAL = "subtotal"
    TAX = "tax"
    CHARGE = "charge"
    ROUNDING = "rounding"
    PAYMENT = "payment"
    CHANGE = "change"
    COUNT = "count"
    NOTE = "note"
    HEADING = "heading"


def _begins(*alternatives: str) -> re.Pattern[str]:
    """The label begins with one of these as whole words: `Balance Brot` is bread."""
    return re.compile(rf"(?:{'|'.join(alternatives)})(?![^\W\d_])", re.IGNORECASE)


def _is(*alternatives: str) -> re.Pattern[str]:
    """The label is one of these and at most a currency: for words that products have as well."""
    currency = r"(?:rm|eur|euro|usd|gbp|chf)?"
    return re.compile(rf"(?:{'|'.join(alternatives)})\W*{currency}\W*$", re.IGNORECASE)


def _ends(*alternatives: str) -> re.Pattern[str]:
    """The label ends with one of these, whatever it is the total or the tax of."""
    return re.compile(rf".*(?<![^\W\d_])(?:{'|'.join(alternatives)})\W*$", re.IGNORECASE)


def _has(*alternatives: str) -> re.Pattern[str]:
    """One of these stands somewhere in the label."""
    return re.compile(rf".*(?<![^\W_])(?:{'|'.join(alternatives)})(?![^\W_])", re.IGNORECASE)


ENDS_WITH_TAX = _ends(r"(?<!w/o )tax(?:es)?", "gst", "hst", "pst", "vat")
TAX_WORD = r"(?:gst|hst|pst|qst|sst|vat|tax(?:es)?|tva|iva|btw|mwst|ust|mehrwertst\w*)"

# By label, which is the words before a row's last number; tried in this order.
KINDS: tuple[tuple[RowKind, re.Pattern[str]], ...] = (
    # What was saved, or costs elsewhere: told, not taken off.
    (
        RowKind.NOTE,
        _has(
            r"total (?:of )?(?:your )?(?:saving|discount|promotion)s?",
            r"you (?:have )?saved?",
            "sie haben gespart",
            r"total (?:des )?(?:remises?|avantages?|promotions?|descuentos?|sconti)",
            r"(?:regular|reg|normal|usual|return|redemption) (?:price|value)",
            r"points? (?:earned|balance|this|used|total|redeemed|on card)",
            r"total eligible",
            r"(?:jouw|uw) voordeel",
            r"(?:your|today.s|total) savings",
        ),
    ),
    (
        RowKind.NOTE,
        _begins(
            "savings?",
            "saved",
            "ersparnis",
            r"total stamp\W*s",
            r"\w*punkte",
            r"(?:member|special price|card|vendor|\w+ card) savings?",
        ),
    ),
    (
        RowKind.NOTE,
        _is(
            r"points?",
            r"(?:card|cash|opening|closing|old|new|ancien|nouveau) (?:balance|solde)",
            "declined",
        ),
    ),
    (RowKind.NOTE, _ends("savings?", r"each or", "vignettes?")),
    (
        RowKind.COUNT,
        _begins(
            r"tot(?:al)? (?:qtys?|quantity|items?|pcs|no\.? of items)",
            r"(?:total )?number of items",
            r"items? (?:count|sold)",
            r"no\.? of items?",
            r"(?:qty|quantity) of items",
            r"quantity(?: out)?$",
            "posten",
            "anzahl",
            "aantal",
            r"nombre d.articles",
            r"nombre de lignes",
            r"n[°º.]? ?articoli",
        ),
    ),
    (RowKind.COUNT, _is("qtys?", "quantity", "artikel", "pcs", "articles", "art[ií]culos")),
    (
        RowKind.ROUNDING,
        _begins(
            r"(?:rounding|round|rnd) (?:amt|adj|diff)\w*",
            r"rundung\w*",
            r"(?:diff\w* )?(?:d.)?arrondi\w*",
            r"afronding\w*",
            "redondeo",
            r"arrotond\w*",
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
            "change (?:amt|amount|due|given)",
            "change ?/ ?balance",
            "a rendre",
        ),
    ),
    (RowKind.CHANGE, _is("change", "zur(?:ü|ue)ck", "rendu", "cambio", "resto", "baki")),
    (
        RowKind.SUBTOTAL,
        _has(
            r"sub\W{0,2}total\w*",
            "zwischensumme",
            r"sous\W?total",
            r"total (?:hors|avant|before) \w+",
            "subtotale",
            "subtotaal",
        ),
    ),
    # What comes on top of the goods, and is not the state's.
    (
        RowKind.CHARGE,
        _has(
            r"gratuity",
            r"(?:service|serv|srv|svc) (?:charge|chg|chrg)s?",
            "servicecharge",
            "trinkgeld",
            "pourboire",
            "propina",
            "mancia",
            "fooi",
        ),
    ),
    # Not anywhere in a label: Tip is a brand as well.
    (RowKind.CHARGE, _is(r"(?:suggested |less |your )?tips?(?: amount)?")),
    (
        RowKind.TAX,
        _begins(
            r"(?:total|incl?\.?|plus|zzgl\.?|inkl\.?|enth\.?|davon|dont)?\s*"
            rf"(?:sales )?{TAX_WORD}\b(?! *incl)",
            rf"(?:total )?includes? {TAX_WORD}",
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
            "ttl",
            "zu zahlen",
            r"gesamt(?:betrag|summe)?",
            "summe",
            "endbetrag",
            "amount (?:due|payable)",
            "balance (?:due|to pay)",
            "rounded total",
            r"(?:net |total |reste )?[àa] payer",
            r"montant d[uû]",
            "totale",
            "importe total",
            r"(?:importe )?a (?:pagar|abonar)",
            "te betalen",
            "totaal",
            "jumlah",
        ),
    ),
    (
        RowKind.TOTAL,
        _is("balance", "bal", "net", "betrag", "importe", "montant", "t ?l", "t o t a l"),
    ),
    (RowKind.TAX, ENDS_WITH_TAX),
    (RowKind.TAX, _is(r"(?:\w\W)?taxable")),
    (
        RowKind.TOTAL,
        _begins(
            r"(?:order|purchase|take.?out|eat.?in|bill|check|invoice|sales?|fuel|your|new)\W+total"
        ),
    ),
    (
        RowKind.PAYMENT,
        _begins(
            "cash (?:received|tendered|paid)",
            "bargeld",
            "gegeben",
            "pinnen",
            r"(?:debit|credit|kredit|ec|giro)\W?(?:card|karte|cash|mastercard|payment)?",
            "kartenzahlung",
            r"(?:ec|giro|bank|kredit|debit)\W?karte",
            "tender(?:ed)?",
            r"(?:customer.s )?payment",
            "paid",
            "bezahlt",
            r"esp[eè]ces",
            "efectivo",
            "contanti",
            "bancomat",
            "tarjeta",
            "zahlung",
        ),
    ),
    (
        RowKind.PAYMENT,
        _has(
            "visa",
            "master ?card",
            "maestro",
            "amex",
            "american express",
            "girocard",
            "interac",
            "bancontact",
            r"cartes? bancaires?",
            "card payment",
            "contactless",
            "sans contact",
            r"(?:cash|debit|credit|card|check|ebt|\w*visa|\w*mastercard|discv?) tend",
        ),
    ),
    (RowKind.PAYMENT, _ends("debit", "credit")),
    (
        RowKind.PAYMENT,
        _is(r"cash|bar|master|discover(?: card)?|contant|pin|carte|card|cb(?: emv)?|eft|edc"),
    ),
)
