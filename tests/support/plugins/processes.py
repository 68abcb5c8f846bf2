"""Fails a test that starts a process without being marked as slow.

The rule holds in every run, so that `bin/test --quick` stays what it says. Python announces every
process that `subprocess`, `asyncio` and `os` start; a process of `multiprocessing` goes unseen.
"""

import sys
from collections.abc import Generator

import pytest

_STARTS = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system",
    "subprocess.Popen",
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch."""
    config.pluginmanager.register(_Watch())


class _Watch:
    """Knows whether a quick test is running."""

    def __init__(self) -> None:
        self._quick = False
        sys.addaudithook(self._refuse)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Watch the fixtures of a quick test."""
        return (yield from self._watching(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Watch a quick test. What follows may belong to a slow one: a server that is stopped."""
        return (yield from self._watching(item))

    def _watching(self, item: pytest.Item) -> Generator[None]:
        self._quick = item.get_closest_marker("slow") is None
        try:
            return (yield)
        finally:
            self._quick = False

    def _refuse(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._quick and event in _STARTS:
            # A second one would only blame what the first interrupted.
            self._quick = False
            pytest.fail(f"This test starts a process ({event}{arguments}): mark it as slow.")
