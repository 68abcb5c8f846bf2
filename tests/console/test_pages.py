"""Every page answers, and none runs or loads what is not ours."""

import httpx
import pytest

from api.console.rendering import NAVIGATION


@pytest.mark.parametrize("path", [path for path, _, _ in NAVIGATION])
async def test_a_page_answers_with_a_strict_policy(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
