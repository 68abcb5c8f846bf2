"""Batches: what concurrent callers ask for is done together, and each gets its own result."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from shared.errors import Busy, QueueFull, ServiceError
from shared.process.batching import Batches

CALLER: ContextVar[str] = ContextVar("CALLER")


class Doubling:
    """Work that doubles numbers once `opened` is set, and notes its batches.

    The number 13 has an error of its own, and 666 spoils its whole batch.
    """

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.batches: list[list[int]] = []
        self.at_once = self.most_at_once = 0
        self.callers: list[str] = []

    async def __call__(self, values: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(values))
        self.callers.append(CALLER.get("nobody"))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.opened.wait()
        self.at_once -= 1
        if 666 in values:
            raise RuntimeError("all")
        return [ValueError(value) if value == 13 else 2 * value for value in values]


async def add_all(batches: Batches[int, int], values: Sequence[int]) -> list[asyncio.Task[int]]:
    """Add the values, each by a caller of its own, and return when all of them wait."""
    tasks = [asyncio.create_task(batches.add(value)) for value in values]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_meanwhile_goes_with_the_next_batch() -> None:
    """The first caller waits for nobody."""
    work = Doubling()
    batches = Batches(work, most=3)
    first = await add_all(batches, [1])
    others = await add_all(batches, [2, 3, 4, 5])
    assert work.batches == [[1]]

    work.opened.set()

    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8, 10]
    assert work.batches == [[1], [2, 3, 4], [5]]
    assert work.most_at_once == 1


async def test_callers_at_the_same_moment_share_a_batch() -> None:
    """The batch is taken after all who are about to ask have asked."""
    work = Doubling()
    work.opened.set()
    batches = Batches(work, most=100)

    assert await asyncio.gather(*map(batches.add, range(10))) == list(range(0, 20, 2))
    assert work.batches == [list(range(10))]


async def test_several_batches_may_be_under_way() -> None:
    """Never more than are allowed at the same time."""
    work = Doubling()
    batches = Batches(work, most=1, at_once=2)
    tasks = await add_all(batches, range(5))
    work.opened.set()
    await asyncio.gather(*tasks)

    assert work.most_at_once == 2
    assert sorted(work.batches) == [[0], [1], [2], [3], [4]]


async def test_a_batch_is_not_too_heavy() -> None:
    """A value that is too heavy by itself goes alone."""
    work = Doubling()
    work.opened.set()
    batches = Batches(work, most=100, heaviest=10)
    weights = [4, 4, 4, 50, 1]
    await asyncio.gather(*(batches.add(value, weight) for value, weight in enumerate(weights)))

    assert work.batches == [[0, 1], [2], [3], [4]]


async def test_an_error_is_that_of_its_caller_or_of_the_whole_batch() -> None:
    """Later callers are served again."""
    work = Doubling()
    work.opened.set()
    batches = Batches(work, most=100)

    each = await asyncio.gather(*map(batches.add, [1, 13]), return_exceptions=True)
    spoilt = await asyncio.gather(*map(batches.add, [1, 666]), return_exceptions=True)

    assert each[0] == 2
    assert isinstance(each[1], ValueError)
    assert [str(error) for error in spoilt] == ["all", "all"]
    assert await batches.add(4) == 8


async def test_the_work_goes_on_without_its_caller() -> None:
    """Whoever closes the batches waits for it."""
    work = Doubling()
    batches = Batches(work, most=100)
    (gone,) = await add_all(batches, [1])
    (stays,) = await add_all(batches, [2])
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    closing = asyncio.create_task(batches.close())
    await asyncio.sleep(0)
    assert not closing.done()

    work.opened.set()
    await closing

    assert await stays == 4
    assert work.batches == [[1], [2]]


async def test_a_batch_runs_in_the_context_of_its_first_caller() -> None:
    """The next batch has the context of its own first caller, and not of the one before."""

    async def call(name: str, value: int) -> int:
        CALLER.set(name)
        return await batches.add(value)

    work = Doubling()
    batches = Batches(work, most=2)
    tasks = [asyncio.create_task(call(name, n)) for n, name in enumerate("abcd")]
    work.opened.set()
    await asyncio.gather(*tasks)

    assert work.callers == ["a", "c"]


async def test_each_caller_raises_an_error_of_its_own() -> None:
    """The callers of a batch do not add their frames to the same traceback."""

    async def fail(values: Sequence[int]) -> Sequence[int | Exception]:
        if 666 in values:
            raise Busy(retry_after=7) from TimeoutError()
        return [QueueFull(retry_after=7)] * len(values)

    batches: Batches[int, int] = Batches(fail, most=2)
    values = (1, 2, 666, 3)
    raised = await asyncio.gather(*map(batches.add, values), return_exceptions=True)

    assert [type(error) for error in raised] == [QueueFull, QueueFull, Busy, Busy]
    assert len(set(map(id, raised))) == 4
    assert all(isinstance(error, ServiceError) and error.retry_after == 7 for error in raised)
    assert isinstance(raised[2], Busy)
    assert isinstance(raised[2].__cause__, TimeoutError)
