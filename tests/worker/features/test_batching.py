"""Callers share rounds, and neither the size nor the error nor the end of one reaches others."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.process.background import background
from worker.features.batching import Batching
from worker.features.time_limit import TimeLimit


class Rounds:
    """Answers each text in capitals, one round whenever `opened` allows; refuses "bad"."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()

    async def answer(self, texts: Sequence[str]) -> list[str]:
        """Raises ValueError if one of the texts is "bad"."""
        self.seen.append(list(texts))
        self.begun.set()
        await self.opened.wait()
        if "bad" in texts:
            raise ValueError("bad")
        return [text.upper() for text in texts]


@pytest.fixture
def rounds() -> Rounds:
    """Return what answers."""
    return Rounds()


@pytest.fixture
async def batching(rounds: Rounds) -> AsyncIterator[Batching[str, str]]:
    """Yield a batching whose rounds have up to four texts, and up to ten letters."""
    batching = Batching(rounds.answer, size=len, most=4, most_size=10)
    async with background(batching.serve()):
        yield batching


def asking(
    batching: Batching[str, str], *texts: str, most: int | None = None
) -> asyncio.Task[list[str]]:
    """Ask in a task of its own."""
    return asyncio.create_task(batching.answers(texts, TimeLimit(), most))


async def test_what_is_asked_during_a_round_goes_with_the_next(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """The first question waits for nobody."""
    first = asking(batching, "a")
    await rounds.begun.wait()
    others = [asking(batching, "b", "c"), asking(batching, "d")]
    rounds.opened.set()

    assert await first == ["A"]
    assert await asyncio.gather(*others) == [["B", "C"], ["D"]]
    assert rounds.seen == [["a"], ["b", "c", "d"]]


async def test_a_large_call_does_not_hold_back_a_small_one(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """Each caller contributes one question after the other."""
    large = asking(batching, *"abcdefghij")
    await rounds.begun.wait()
    small = asking(batching, "z")
    rounds.opened.set()

    assert await small == ["Z"]
    assert "z" in rounds.seen[1]
    assert await large == [*"ABCDEFGHIJ"]
    assert max(map(len, rounds.seen)) == 4


async def test_a_round_takes_no_more_once_it_is_long(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """Long texts take longer, so fewer of them share a round."""
    rounds.opened.set()
    await asking(batching, "a" * 9, "b" * 9, "c" * 9)

    assert [len(texts) for texts in rounds.seen] == [2, 1]


async def test_a_caller_may_want_fewer_of_its_questions_in_a_round(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """`batch_size` of a request says how many."""
    rounds.opened.set()

    assert await asking(batching, "a", "b", "c", most=1) == ["A", "B", "C"]
    assert rounds.seen == [["a"], ["b"], ["c"]]


async def test_an_error_reaches_only_who_caused_it(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """The others get their answers, and so do those who ask later."""
    first = asking(batching, "a")
    await rounds.begun.wait()
    good, bad, other = asking(batching, "b"), asking(batching, "bad"), asking(batching, "c")
    rounds.opened.set()
    await asyncio.wait([first, good, bad, other])

    with pytest.raises(ValueError, match="bad"):
        bad.result()
    assert (good.result(), other.result()) == (["B"], ["C"])
    assert await asking(batching, "d") == ["D"]


async def test_a_caller_that_goes_takes_its_questions_along(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """Those who share a round with it still get their answers."""
    gone = asking(batching, *"abcdefgh")
    await rounds.begun.wait()
    stays = asking(batching, "x", "y")
    gone.cancel()
    await asyncio.wait([gone])
    rounds.opened.set()

    assert await stays == ["X", "Y"]
    assert rounds.seen == [["a", "b", "c", "d"], ["x", "y"]]


async def test_the_wait_for_a_turn_does_not_count(
    batching: Batching[str, str], rounds: Rounds
) -> None:
    """Large calls come one after the other, and the limit of each is for its own turn."""
    first = asking(batching, *"abcd")
    await rounds.begun.wait()
    limit = TimeLimit(0.1)

    async def run() -> list[str]:
        async with limit.enforced():
            return await batching.answers("efgh", limit)

    second = asyncio.create_task(run())
    asyncio.get_running_loop().call_later(0.2, rounds.opened.set)

    assert await second == [*"EFGH"]
    assert first.done()


async def test_the_turn_itself_counts(batching: Batching[str, str]) -> None:
    """A turn that nobody answers is ended by the limit."""
    limit = TimeLimit(0.05)

    with pytest.raises(TimeoutError):
        async with limit.enforced():
            await batching.answers("abcd", limit)


async def test_whoever_waits_at_the_end_is_cancelled(rounds: Rounds) -> None:
    """Nobody waits for ever, whether the round that has their question began or not."""
    batching = Batching(rounds.answer, size=len, most=4, most_size=10)
    async with background(batching.serve()):
        begun = asking(batching, "a")
        await rounds.begun.wait()
        waiting = asking(batching, "b")
        await asyncio.wait([waiting], timeout=0)
    await asyncio.wait([begun, waiting])

    assert begun.cancelled()
    assert waiting.cancelled()


async def test_nothing_asked_is_nothing_answered(batching: Batching[str, str]) -> None:
    """A batch in which every entry was refused has no texts."""
    assert await batching.answers([], TimeLimit()) == []
