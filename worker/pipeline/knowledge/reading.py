"""What receipts are read by, all at once."""

from worker.pipeline.knowledge.chains import load_chains
from worker.pipeline.knowledge.currencies import load_currencies
from worker.pipeline.knowledge.groceries import load_short_forms
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.units import load_units


def load_reading() -> None:
    """Load every file that a receipt is read by, so that a mistake in one shows at the start and
    the first receipt takes no longer than the next. Raises KnowledgeError."""
    vocabulary()
    load_currencies()
    load_chains()
    load_units()
    load_short_forms()
