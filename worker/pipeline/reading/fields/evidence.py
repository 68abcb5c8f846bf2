"""What speaks for a name as the merchant's, its worth, and how certain it makes the name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from worker.pipeline.reading.rows.layout import ReadRow


class Trait(Enum):
    """What speaks for or against a row as the merchant's name."""

    FIRST = auto()
    CHAIN = auto()
    CHAIN_INSIDE = auto()
    SELLER = auto()
    LEGAL_FORM = auto()
    SHOP = auto()
    ABOVE_ADDRESS = auto()
    LARGE = auto()
    GREETED = auto()
    DOMAIN = auto()
    REPEATED = auto()
    OWNER = auto()
    SLOGAN = auto()
    FORMER = auto()
    CUSTOMER = auto()
    FAINT = auto()
    BELOW_DATE = auto()


_WORTH = {
    Trait.FIRST: 2.5,
    Trait.CHAIN: 7.0,
    Trait.CHAIN_INSIDE: 4.0,
    Trait.SELLER: 5.5,
    Trait.LEGAL_FORM: 2.5,
    Trait.SHOP: 1.5,
    Trait.ABOVE_ADDRESS: 2.5,
    Trait.LARGE: 1.5,
    Trait.GREETED: 5.0,
    Trait.DOMAIN: 4.0,
    Trait.REPEATED: 2.0,
    Trait.OWNER: 4.0,
    Trait.SLOGAN: -4.0,
    Trait.FORMER: -6.0,
    Trait.CUSTOMER: -4.0,
    Trait.FAINT: -2.0,
    Trait.BELOW_DATE: -2.5,
}
# What each row further down is worth less.
_LOWER = 0.75
# Traits that hardly any other row has, and traits that many have.
_STRONG = frozenset({Trait.CHAIN, Trait.SELLER, Trait.GREETED, Trait.DOMAIN, Trait.REPEATED})
_FAIR = frozenset(
    {
        Trait.FIRST,
        Trait.CHAIN_INSIDE,
        Trait.LEGAL_FORM,
        Trait.SHOP,
        Trait.ABOVE_ADDRESS,
        Trait.LARGE,
    }
)
_AGAINST = frozenset(trait for trait, worth in _WORTH.items() if worth < 0)
# Confidence by what speaks for the name.
SURE, LIKELY, PLAUSIBLE, GUESS = 0.97, 0.85, 0.7, 0.5


@dataclass(frozen=True)
class Candidate:
    """A name with its traits; `rank` counts the names above it in the header."""

    name: str
    rows: Sequence[ReadRow]
    traits: frozenset[Trait]
    rank: int = 0

    @property
    def worth(self) -> float:
        """The sum of what the traits are worth, less for each name above."""
        return sum(_WORTH[trait] for trait in self.traits) - _LOWER * self.rank

    @property
    def confidence(self) -> float:
        """How sure the traits make it, without regard to other candidates."""
        strong, fair = len(self.traits & _STRONG), len(self.traits & _FAIR)
        if strong > 1 or (strong and fair):
            return SURE
        if fair > 2:
            return LIKELY if self.traits & _AGAINST else SURE
        if strong:
            return LIKELY
        return PLAUSIBLE if fair > 1 and not self.traits & _AGAINST else GUESS
