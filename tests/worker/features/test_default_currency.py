"""DEFAULT_CURRENCY is for requests that name no currency."""

import pytest

from shared.pipeline_settings import PipelineSettings
from worker.features.item_models import ItemModels
from worker.features.runners import Features, Work
from worker.pipeline.stages import StageRecorder


@pytest.mark.parametrize(
    ("options", "currency"),
    [(None, "NZD"), ({}, "NZD"), ({"country": "DE"}, "NZD"), ({"default_currency": "EUR"}, "EUR")],
)
def test_the_request_counts_before_the_setting(
    options: dict[str, str] | None, currency: str
) -> None:
    """Fields that a newer front may have stored are ignored."""
    settings = PipelineSettings(default_currency="nzd")
    features = Features(None, ItemModels.from_settings(settings), settings.default_currency)
    payload = {"options": options and options | {"of_tomorrow": "yes"}}
    work = Work(payload=payload, image=None, request_id=None, recorder=StageRecorder())

    hints = features.hints_of(work)

    assert hints.default_currency == currency
    assert hints.country == (options or {}).get("country")
