"""Callers who do not ask are notified: by events and by callbacks."""

import pytest

from shared.client import AsyncServiceClient, ServiceClient
from shared.client.calls.options import Callback
from shared.contracts.events import JobEvent, StageEvent
from shared.contracts.jobs import JobStatus
from shared.errors import BadInput
from shared.pytest_plugin import AwaitJob
from tests.integration.callback_receiver import CallbackReceiver

ITEM = {"item_name": "Whole Milk", "candidate_labels": ["Produce", "Dairy"]}


def test_events(ai_client: ServiceClient, receipt: bytes) -> None:
    """Every state comes in order, with the stages of the reading in between."""
    job = ai_client.submit_receipt(receipt)
    events = list(ai_client.events(job.id, within=60))

    states = [event.status for event in events if isinstance(event, JobEvent)]
    order = [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUCCEEDED]
    assert states == order[-len(states) :]
    assert any(event.stage.startswith("ocr.") for event in events if isinstance(event, StageEvent))
    assert len(list(ai_client.events(job.id))) == 1


async def test_async_events(ai_tenant: str) -> None:
    """A job that has ended has one event."""
    async with AsyncServiceClient.from_environment(ai_tenant) as client:
        job = await client.submit("categorization", ITEM, wait=30)
        events = [event async for event in client.events(job.id)]

    assert [event.status for event in events if isinstance(event, JobEvent)] == [job.status]


def test_a_callback_comes_and_can_be_sent_again(
    ai_client: ServiceClient, await_job: AwaitJob, receiver: CallbackReceiver
) -> None:
    """A callback is signed, has the result that was asked for, and belongs to the job's trace."""
    callback = Callback(url=receiver.url, include_output=True)
    job = await_job(ai_client.submit("categorization", ITEM, callback=callback))
    first_id, first = receiver.next()

    assert first.type == "job.succeeded"
    assert (first.data.job_id, first.data.tenant_id) == (job.id, ai_client.tenant_id)
    assert first.data.output_payload == job.output_payload
    assert first.data.trace_id == job.trace_id
    (listed,) = ai_client.callbacks(job.id).callbacks
    (delivery,) = listed.deliveries
    assert (listed.url, str(delivery.id)) == (receiver.url, first_id)

    ai_client.redeliver(job.id, delivery.id)
    assert receiver.next() == (first_id, first)
    with pytest.raises(BadInput) as caught:
        ai_client.redeliver(job.id, job.id)
    assert caught.value.code == "delivery_not_found"


def test_a_callback_that_fails_comes_again(
    ai_client: ServiceClient, receiver: CallbackReceiver
) -> None:
    """A receiver that answers 500 gets the same callback once more."""
    receiver.statuses = [500]
    ai_client.submit("categorization", ITEM, callback={"url": receiver.url})

    assert receiver.next() == receiver.next()
