"""A short run of `bin/fuzz`."""

import pytest

from tests.fuzz.running import fuzz
from tests.support.processes.running_system import System

# A job from end to end, and one call that waits.
CALLS = ("submitJob", "getJob", "listJobs", "cancelJob", "retryJob", "categorizeBatch")


@pytest.mark.timeout(170)
def test_every_answer_to_made_up_requests_is_declared(system: System) -> None:
    """No answer is a 500, and each has a status, headers and a body that the document declares."""
    found = fuzz(system.url, examples=2, seed=1, calls=CALLS)

    assert found.passed, found.report
    assert found.requests >= 500
    assert "request.bug" not in system.log_text()
