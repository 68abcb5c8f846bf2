"""The line before a pool: places in the order of asking, a bound, and an honest refusal."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Busy, DatabaseUnavailable
from shared.process.background import end_tasks
from shared.process.guards.line import Line


class _Caller:
    """Takes a place, notes that, and keeps it until it may leave."""

    def __init__(self, line: Line, served: list[int], number: int) -> None:
        self.leaving = asyncio.Event()
        self.task = asyncio.create_task(self._call(line, served, number))

    async def _call(self, line: Line, served: list[int], number: int) -> None:
        async with line:
            served.append(number)
            await self.leaving.wait()


async def _turns() -> None:
    """Let every task run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _leave(callers: list[_Caller], leaving: list[bool]) -> None:
    """End the callers, in their order: some leave, the others are cancelled."""
    for caller, leaves in zip(callers, leaving, strict=True):
        if leaves:
            caller.leaving.set()
        else:
            caller.task.cancel()
        await _turns()


@given(places=st.integers(1, 3), leaving=st.lists(st.booleans(), min_size=1, max_size=10))
def test_whoever_asks_first_is_served_first(places: int, leaving: list[bool]) -> None:
    """Callers leave or are cancelled, whether they wait or are served, and no place is lost."""

    async def scenario() -> None:
        line, served = Line(places, most=100, longest=None), list[int]()
        callers = [_Caller(line, served, number) for number in range(len(leaving))]
        await _turns()
        assert served == list(range(min(places, len(leaving))))
        await _leave(callers, leaving)
        assert served == sorted(served)
        # As many as there are places can be served at once again, and not one more.
        late = [_Caller(line, served, 100 + number) for number in range(places + 1)]
        await _turns()
        assert served[-places:] == list(range(100, 100 + places))
        await end_tasks([caller.task for caller in (*callers, *late)])

    asyncio.run(scenario())


async def test_a_line_that_is_full_refuses_at_the_pace_of_those_who_left() -> None:
    """The time to come back is computed from how fast places were given back."""
    line, served = Line(1, most=2, longest=None), list[int]()
    callers = [_Caller(line, served, number) for number in range(3)]
    await _turns()

    with pytest.raises(Busy) as unknown:
        async with line:
            pass
    callers[0].leaving.set()
    await _turns()
    callers.append(_Caller(line, served, 3))
    await _turns()
    with pytest.raises(Busy) as known:
        async with line:
            pass
    await end_tasks([caller.task for caller in callers])

    assert unknown.value.retry_after == Busy.retry_after
    # One place was given back within a moment, so that those two are served within a second.
    assert known.value.retry_after == 1


async def test_whoever_waits_too_long_is_refused_and_the_others_keep_their_order() -> None:
    """The place goes to somebody who still waits."""
    line = Line(1, most=9, longest=0.05)
    async with line:
        with pytest.raises(Busy):
            async with line:
                pass
    async with line:
        pass


async def test_those_who_wait_can_be_dismissed() -> None:
    """Everybody has an error of his own, and whoever has a place keeps it."""
    line, served = Line(1, most=9, longest=None), list[int]()
    callers = [_Caller(line, served, number) for number in range(3)]
    await _turns()

    line.dismiss(DatabaseUnavailable)
    callers[0].leaving.set()
    results = await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)

    assert results[0] is None
    assert [type(error) for error in results[1:]] == [DatabaseUnavailable, DatabaseUnavailable]
    assert results[1] is not results[2]
    async with line:
        pass
