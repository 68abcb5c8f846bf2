"""What kind of row a row is, by the label before its last number."""

import re

from worker.pipeline.reading.rows.labels import ENDS_WITH_TAX, KINDS, TAX_WORD, RowKind

# A tax's name and a rate: `G=GST 5% 45.91`, `B:Taxable @7.8%`.
_TAXED = re.compile(rf"(?<![^\W\d_]){TAX_WORD}(?![^\W\d_]).*\d\s?%", re.IGNORECASE)

_HEADING_WORD = re.compile(
    r"(?:item|code|no|qty|quan|uom|u|p|x|unit|price|cost|amt|amount|desc|descript\s?ions?|tax|exc|"
    r"inc|incl|gst|disc|total|you|pay|menge|artikel|preis|betrag|bezeichnung|einzelpreis|article|"
    r"d[eé]signation|qt[eé]|prix|montant|cant|precio|importe|descri[pz]\w*|prezzo|aantal|omschrijving|"
    r"prijs|bedrag|sale|rm|eur|iva)",
    re.IGNORECASE,
)
_OF_A_TOTAL = re.compile(r"total|amount|amt|pay|rm|eur|sale|incl?|gst|tax", re.IGNORECASE)
_TOTAL_FIRST = re.compile(r"\W*(?:grand |net )?total (?:sales|amount|incl\w*|rm)\b", re.IGNORECASE)
# What is counted between a label and its amount: TOTAL 5 ARTICLES 7.89.
_COUNTED = re.compile(
    r"\(?\b\d{1,3}\s?(?:items?|articles?|artikel|art[ií]culos?|articoli|art|pezzi|pcs|st(?:ü|ue?)ck)\b\.?\)?",
    re.IGNORECASE,
)
# Of `ITEM 4066` the number is a code.
_COUNT_OF_ITEMS = re.compile(
    r"\W*(?:no\.? of |# |total )?(?:items?|units?|pieces|qty|quantity)(?: sold)?\W{0,3}\d{1,3}\b\W*"
    r"(?:items?|units?|pcs|pieces)?\W*$",
    re.IGNORECASE,
)
# Letters set apart: (G)ST.
_SET_APART = re.compile(r"\((\w)\)")
_PERCENT = re.compile(r"\(?@?\s*\d{1,2}(?:[.,]\d{1,3})?\s?%\)?")
# An aside before the label: (EXCLUDED GST) SUB TOTAL.
_ASIDE = re.compile(r"^\W*\([^()]*\)\s*")
# Numbers part the labels of a row: "Item Count 4 Change Amt 7.50" has two.
_NUMBER = re.compile(r"(?:RM\s?)?[-.,\d]*\d[-.,\d*x]*", re.IGNORECASE)


def row_kind(text: str, end: int | None = None) -> RowKind | None:
    """What a row is about, or None when no word gives it away. `end`: where its amount begins."""
    if _is_heading(text):
        return RowKind.HEADING
    if _COUNT_OF_ITEMS.match(text):
        return RowKind.COUNT
    labels = _labels(text[:end])
    for kind, words in KINDS:
        if labels and words.match(labels[-1]):
            return kind
    if _TAXED.search(text) or (labels and ENDS_WITH_TAX.match(labels[0])):
        return RowKind.TAX
    # `Total Sales (Incl. 6% GST) 5.00`: the last label may be an afterthought of the first.
    return RowKind.TOTAL if _TOTAL_FIRST.match(text) else None


def _labels(text: str) -> list[str]:
    """The words before, between and behind the numbers of a row."""
    text = _PERCENT.sub(" ", _SET_APART.sub(r"\1", text))
    text = _ASIDE.sub("", text) or text
    parts = _NUMBER.split(_COUNTED.sub(" ", text))
    labels = [" ".join(part.split()).strip(" :;.,*\"'=-+()$€£") for part in parts]
    return [label for label in labels if len(label) > 1]


def _is_heading(text: str) -> bool:
    """Two words or more, all of which stand above columns; `TOTAL EUR` is a label."""
    words = re.findall(r"\w+(?:\s?ions?\b)?", text)
    return (
        len(words) > 1
        and all(_HEADING_WORD.fullmatch(word) for word in words)
        and not all(_OF_A_TOTAL.fullmatch(word) for word in words)
    )
