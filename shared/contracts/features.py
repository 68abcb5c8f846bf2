"""The features of the service, and the queue of each."""

from enum import StrEnum


class Queue(StrEnum):
    """The two queues; there are two so that short work never waits behind receipts."""

    RECEIPTS = "receipts"
    ITEMS = "items"


class Feature(StrEnum):
    """A kind of job."""

    RECEIPT_EXTRACTION = "receipt_extraction"
    CATEGORIZATION = "categorization"
    CATEGORIZATION_BATCH = "categorization_batch"
    EMBEDDING = "embedding"

    @property
    def queue(self) -> Queue:
        """The queue in which jobs of this feature wait."""
        return Queue.RECEIPTS if self is Feature.RECEIPT_EXTRACTION else Queue.ITEMS

    @classmethod
    def _missing_(cls, value: object) -> "Feature | None":
        """Accept the aliases that some callers use."""
        aliases = {"extraction": cls.RECEIPT_EXTRACTION, "embedding_batch": cls.EMBEDDING}
        return aliases.get(value) if isinstance(value, str) else None
