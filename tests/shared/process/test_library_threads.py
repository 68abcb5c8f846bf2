"""How many threads numpy starts."""

import os

import pytest

from shared.process.library_threads import LIBRARY_THREADS, limit_library_threads


def test_a_choice_of_the_operator_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets the variable gets what it says; otherwise there is one thread."""
    for name in LIBRARY_THREADS:
        monkeypatch.setenv(name, "3")
    limit_library_threads()
    chosen = {name: os.environ[name] for name in LIBRARY_THREADS}
    for name in LIBRARY_THREADS:
        monkeypatch.delenv(name)
    limit_library_threads()

    assert set(chosen.values()) == {"3"}
    assert {name: os.environ[name] for name in LIBRARY_THREADS} == LIBRARY_THREADS
