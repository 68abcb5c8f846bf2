"""Confidences are numbers from 0 to 1, whatever an engine says."""

import pytest

from worker.pipeline.reading.items.contract_items import rounded


@pytest.mark.parametrize(
    ("said", "confidence"), [(float("nan"), 0), (-0.5, 0), (0.12345, 0.123), (1.5, 1)]
)
def test_a_confidence_is_a_number_from_0_to_1(said: float, confidence: float) -> None:
    """Engines divide by numbers of letters, which may be 0."""
    assert rounded(said) == confidence
