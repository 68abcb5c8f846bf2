"""Prints receipts of many structures, and damages them as engines do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from worker.pipeline.ocr.text import TextLine, Word

# Letters and rows in pixels, and the right end of the column of prices.
_LETTER, _ROW, _COLUMN = 10, 30, 600
# The engine's confidence in what it read well, and in what it guessed.
_SURE, _UNSURE = 0.97, 0.5
_UNKNOWN = ("BLORP", "SNARP", "FLURP", "GLORP", "KVIMP", "DROSK")
_GOODS = (
    "Bread", "Cheese", "Rice", "Plum jam", "Oat milk", "Soap", "Tea bags", "Ham sliced", "Leeks",
    "Yeast", "Ginger root", "Olives 200g", "Water 6x1.5L", "Eggs 10", "Napkins", "Cod fillet",
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What a till calls its sums."""

    total: str
    subtotal: str
    tax: str
    service: str
    rounding: str
    cash: str
    change: str
    card: str
    discount: str
    deposit: str
    comma: bool = False


_TILLS = (
    Words("TOTAL", "SUBTOTAL", "TAX", "Service Charge", "Rounding", "CASH", "CHANGE", "VISA",
          "Discount", "Deposit"),
    Words("Balance due", "Sub total", "VAT", "Service charge", "Rounding", "Cash", "Change due",
          "Mastercard", "Saving", "Bottle deposit"),
    Words("SUMME", "Zwischensumme", "MwSt", "Bedienung", "Rundung", "BAR", "Rückgeld",
          "EC-Karte", "Rabatt", "Pfand", comma=True),
    Words("TOTAL TTC", "Sous-total", "TVA", "Service", "Arrondi", "Espèces", "Rendu",
          "Carte bancaire", "Remise", "Consigne", comma=True),
    Words("TOTAL", "Subtotal", "IVA", "Servicio", "Redondeo", "Efectivo", "Cambio", "Tarjeta",
          "Descuento", "Depósito", comma=True),
    Words("SUMA PLN", "Podsuma", "PTU", "Serwis", "Zaokrąglenie", "Gotówka", "Reszta",
          "Karta", "Rabat", "Kaucja", comma=True),
    Words("Totalt", "Delsumma", "Moms", "Service", "Öresavrundning", "Kontant", "Växel",
          "Kort", "Rabatt", "Pant", comma=True),
    Words("TOTAAL", "Subtotaal", "BTW", "Bediening", "Afronding", "Contant", "Wisselgeld",
          "PIN", "Korting", "Statiegeld", comma=True),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A printed row: its label, its amounts as printed, and the engine's confidence in each."""

    label: str
    amounts: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()

    def with_amount(self, at: int, text: str, confidence: float) -> "Row":
        """Return the row with another amount; an empty text removes it."""
        amounts, confidences = list(self.amounts), list(self.confidences)
        amounts[at : at + 1] = [text] if text else []
        confidences[at : at + 1] = [confidence] if text else []
        return replace(self, amounts=tuple(amounts), confidences=tuple(confidences))


@dataclass
class Receipt:
    """A receipt with its truth in cents."""

    total: int
    items: list[int]
    rows: list[Row] = field(default_factory=list)

    def lines(self) -> list[TextLine]:
        """Return the rows as an engine finds them, with the prices under each other."""
        return [line for at, row in enumerate(self.rows) if (line := _line(row, top=at * _ROW))]


class Till:
    """Prints one receipt of a random structure; some of its words are unknown."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._words = random.choice(_TILLS)
        self._unknown = random.choice((0.0, 0.0, 0.1, 0.3))
        self._rows: list[Row] = []

    def print(self) -> Receipt:
        """Return a receipt whose rows are right and complete."""
        random, words = self._random, self._words
        self._row("Corner shop", known=True)
        items = [self._item() for _ in range(random.randint(1, 7))]
        items += self._extras(items)
        goods = sum(items)
        total = random.choice(
            (self._plainly, self._plainly, self._with_tax, self._with_service, self._rounded,
             self._with_savings, self._twice)
        )(goods)  # fmt: skip
        if random.random() < 0.85:
            self._payment(total)
        if random.random() < 0.3:
            self._table(total)
        if random.random() < 0.2:
            self._row("Items sold" if words is _TILLS[0] else "Thank you", known=True)
        if random.random() < 0.1:
            self._rows = self._rows[: random.randint(2, len(self._rows))]
        return Receipt(total, items, self._rows)

    def _row(self, label: str, *cents: int, known: bool = False) -> None:
        if not known and self._random.random() < self._unknown:
            label = self._random.choice(_UNKNOWN)
        amounts = tuple(self.printed(amount) for amount in cents)
        self._rows.append(Row(label, amounts, (_SURE,) * len(amounts)))

    def printed(self, cents: int) -> str:
        """Return cents as the till prints them."""
        text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
        return text.replace(".", ",") if self._words.comma else text

    def _item(self) -> int:
        random = self._random
        price = random.choice((random.randint(20, 3000), random.choice((50, 99, 100, 199, 250))))
        self._row(random.choice(_GOODS), price, known=True)
        return price

    def _extras(self, items: Sequence[int]) -> list[int]:
        random, extras = self._random, []
        if random.random() < 0.15:
            extras.append(random.choice((8, 15, 25)))
            self._row(self._words.deposit, extras[0], known=True)
        if random.random() < 0.2 and items[-1] > 20:
            extras.append(-random.randint(5, items[-1] - 5))
            self._row(self._words.discount, extras[-1], known=True)
        return extras

    def _plainly(self, goods: int) -> int:
        if self._random.random() < 0.3:
            self._row(self._words.subtotal, goods)
        self._row(self._words.total, goods)
        return goods

    def _with_tax(self, goods: int) -> int:
        rate = self._random.choice((5, 7, 10, 20))
        tax = round(goods * rate / 100)
        if self._random.random() < 0.7:
            self._row(self._words.subtotal, goods)
        label = self._words.tax if self._random.random() < 0.4 else f"{self._words.tax} {rate}%"
        self._row(label, tax)
        self._row(self._words.total, goods + tax)
        return goods + tax

    def _with_service(self, goods: int) -> int:
        service = round(goods * self._random.choice((0.05, 0.1, 0.125)))
        label = self._random.choice((self._words.total, self._words.subtotal))
        self._row(label, goods)
        self._row(self._words.service, service)
        self._row(self._words.total, goods + service)
        return goods + service

    def _rounded(self, goods: int) -> int:
        step = self._random.choice((5, 10, 100))
        total = (goods + step // 2) // step * step or step
        self._row(self._words.total, goods)
        if total != goods:
            self._row(self._words.rounding, total - goods)
            self._row(self._words.total, total)
        return total

    def _with_savings(self, goods: int) -> int:
        self._row(self._words.total, goods)
        self._row("You saved", self._random.randint(5, 300))
        return goods

    def _twice(self, goods: int) -> int:
        self._row(self._words.subtotal, goods)
        self._row(self._words.total, goods)
        self._row(self._words.total, goods)
        return goods

    def _payment(self, total: int) -> None:
        random, words = self._random, self._words
        way = random.randint(0, 3)
        if way <= 1:
            self._row(words.card, total)
        elif way == 2:
            note = random.choice((500, 1000, 2000, 5000))
            cash = -(-total // note) * note
            self._row(words.cash, cash)
            self._row(words.change, cash - total)
        elif total > 300:
            part = random.randint(100, total - 100)
            self._row(words.cash, part)
            self._row(words.card, total - part)

    def _table(self, total: int) -> None:
        rate = self._random.choice((5, 7, 10, 19, 21))
        tax = round(total * rate / (100 + rate))
        amounts = self._random.choice(((total - tax, tax, total), (tax, total), (tax,)))
        self._row(f"{self._words.tax} {rate}%", *amounts)


def damaged(receipt: Receipt, random: Random, times: int) -> Receipt:
    """Return a receipt with so many faults of an engine in it."""
    rows = list(receipt.rows)
    for _ in range(times):
        at = random.randrange(len(rows))
        row = rows[at]
        if random.random() < 0.12 and len(rows) > 2:
            rows.pop(at)
        elif random.random() < 0.05 and at + 1 < len(rows):
            after = rows.pop(at + 1)
            label = f"{row.label} {' '.join(row.amounts)} {after.label}"
            rows[at] = Row(label, after.amounts, after.confidences)
        elif row.label and (not row.amounts or random.random() < 0.15):
            rows[at] = replace(row, label=_damaged_label(row.label, random))
        elif row.amounts:
            place = random.randrange(len(row.amounts))
            confidence = random.choice((_UNSURE, _UNSURE, _SURE))
            rows[at] = row.with_amount(
                place, _damaged_amount(row.amounts[place], random), confidence
            )
    return Receipt(receipt.total, receipt.items, rows)


def _damaged_label(label: str, random: Random) -> str:
    at = random.randrange(len(label) or 1)
    return random.choice(
        (
            label[:at] + random.choice("xq.;/") + label[at + 1 :],
            label[:at],
            "",
            f"{label}:",
            f"| {label}",
        )
    )


def _damaged_amount(text: str, random: Random) -> str:
    digits = [at for at, letter in enumerate(text) if letter.isdigit()]
    if not digits:
        return ""
    at = random.choice(digits)
    return random.choice(
        (
            text[:at] + random.choice("0123456789") + text[at + 1 :],
            text[:at] + random.choice("0123456789") + text[at + 1 :],
            text[:at] + text[at + 1 :],
            "",
            text.lstrip("-"),
            text[:-3],
            text.replace(".", " ").replace(",", " "),
        )
    )


def _line(row: Row, *, top: int) -> TextLine | None:
    words, left = [], 0
    for word in row.label.split():
        right = left + _LETTER * len(word)
        words.append(Word(word, left, top, right, top + 20, _SURE))
        left = right + _LETTER
    right = max(_COLUMN, left + sum(_LETTER * (len(text) + 2) for text in row.amounts))
    amounts = []
    for text, confidence in zip(reversed(row.amounts), reversed(row.confidences), strict=True):
        begin = right - _LETTER * len(text)
        amounts.append(Word(text, begin, top, right, top + 20, confidence))
        right = begin - 2 * _LETTER
    every = (*words, *reversed(amounts))
    return TextLine(every) if every else None
