"""A short run of `bin/fuzz`."""

from pathlib import Path

import pytest

from shared.access.tokens import new_token
from shared.local import stack
from shared.local.processes import free_port
from shared.settings import Settings
from tests.fuzz.files.running import Tally
from tests.fuzz.requests import send_damaged
from tests.fuzz.running import fuzz
from tests.support.fronts import front_http
from tests.support.processes.running_system import System

# A job and its result, and one call that waits.
CALLS = ("submitJob", "getJob", "categorizeBatch")


@pytest.mark.timeout(170)
def test_every_answer_to_made_up_requests_is_declared(system: System) -> None:
    """No answer is a 500, and each has a status, headers and a body that the document declares.

    The front demands tokens, and each call is seen to refuse requests without one.
    """
    token, port = new_token(), free_port()
    env = {**system.env, "AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": token.hash.hex()}
    with stack.front(env, port, system.logs / "fuzzed.log"):
        url = f"http://127.0.0.1:{port}"
        found = fuzz(url, token=token.text, examples=2, seed=1, calls=CALLS)

    assert found.passed, found.report
    assert found.requests >= 300
    assert "request.bug" not in system.log_text()


async def test_a_front_answers_damaged_requests(settings: Settings, tmp_path: Path) -> None:
    """No answer is a 500, whatever is wrong with JSON, bytes, forms, headers and queries."""
    tally = Tally(tmp_path)
    async with front_http(settings) as http:
        await send_damaged(http, 80, 1, tally)

    assert tally.wrong == []
    assert tally.outcomes["front 202 "] > 0
    assert tally.outcomes["front 400 malformed_body"] > 0
