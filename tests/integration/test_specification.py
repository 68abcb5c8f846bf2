"""The cases of the specification, word for word."""

from shared.client import ServiceClient
from shared.contracts.receipts.rich import RichReceipt
from shared.pytest_plugin import AwaitJob


def test_a_receipt_is_processed_end_to_end(
    ai_client: ServiceClient, await_job: AwaitJob, receipt: bytes
) -> None:
    """A receipt is done within 30 s, with a merchant and at least one item."""
    job = await_job(ai_client.submit_receipt(receipt), within=30)

    read = RichReceipt.model_validate(job.output_payload).extraction
    assert read.merchant.name is not None
    assert len(read.line_items) > 0


def test_grocery_items_are_categorized(ai_client: ServiceClient) -> None:
    """Organic Bananas are Produce, with a confidence above 0.5."""
    answer = ai_client.categorize("Organic Bananas", ["Produce", "Dairy", "Bakery", "Meat"])

    assert answer.payload is not None
    assert answer.payload.category == "Produce"
    assert answer.payload.confidence > 0.5


def test_a_categorization_keeps_its_contract(ai_client: ServiceClient) -> None:
    """Milk: the client validates the answer by its model, and the transport by the schema."""
    answer = ai_client.categorize("Milk", ["Produce", "Dairy", "Bakery"])

    assert answer.status == "success"
    assert answer.payload is not None
    assert set(answer.payload.all_scores) == {"Produce", "Dairy", "Bakery"}
