"""Callers share rounds, and neither the size nor the error nor the end of one reaches others."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.process.background import background
from worker.features.rounds import Rounds
from worker.features.time_limit import TimeLimit


class Capitals:
    """Answers each text in capitals as soon as `opened` allows; refuses "bad"."""

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
def capitals() -> Capitals:
    """Return what answers."""
    return Capitals()


@pytest.fixture
async def rounds(capitals: Capitals) -> AsyncIterator[Rounds[str, str]]:
    """Yield rounds of up to four texts, and up to ten letters."""
    rounds = Rounds(capitals.answer, size=len, most=4, most_size=10)
    async with background(rounds.serve()):
        yield rounds


def asking(
    rounds: Rounds[str, str], *texts: str, most: int | None = None
) -> asyncio.Task[list[str]]:
    """Ask in a task of its own."""
    return asyncio.create_task(rounds.answers(texts, TimeLimit(), most))


async def test_what_is_asked_during_a_round_goes_with_the_next(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """The first question waits for nobody."""
    first = asking(rounds, "a")
    await capitals.begun.wait()
    others = [asking(rounds, "b", "c"), asking(rounds, "d")]
    capitals.opened.set()

    assert await first == ["A"]
    assert await asyncio.gather(*others) == [["B", "C"], ["D"]]
    assert capitals.seen == [["a"], ["b", "c", "d"]]


async def test_a_large_call_does_not_hold_back_a_small_one(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """Each caller contributes one question after the other."""
    large = asking(rounds, *"abcdefghij")
    await capitals.begun.wait()
    small = asking(rounds, "z")
    capitals.opened.set()

    assert await small == ["Z"]
    assert "z" in capitals.seen[1]
    assert await large == [*"ABCDEFGHIJ"]
    assert max(map(len, capitals.seen)) == 4


async def test_a_round_takes_no_more_once_it_is_long(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """Long texts take longer, so fewer of them share a round."""
    capitals.opened.set()
    await asking(rounds, "a" * 9, "b" * 9, "c" * 9)

    assert [len(texts) for texts in capitals.seen] == [2, 1]


async def test_a_caller_may_want_fewer_of_its_questions_in_a_round(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """`batch_size` of a request says how many."""
    capitals.opened.set()

    assert await asking(rounds, "a", "b", "c", most=1) == ["A", "B", "C"]
    assert capitals.seen == [["a"], ["b"], ["c"]]


async def test_an_error_reaches_only_who_caused_it(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """The others get their answers, and so do those who ask later."""
    first = asking(rounds, "a")
    await capitals.begun.wait()
    good, bad, other = asking(rounds, "b"), asking(rounds, "bad"), asking(rounds, "c")
    capitals.opened.set()
    await asyncio.wait([first, good, bad, other])

    with pytest.raises(ValueError, match="bad"):
        bad.result()
    assert (good.result(), other.result()) == (["B"], ["C"])
    assert await asking(rounds, "d") == ["D"]


async def test_a_caller_that_goes_takes_its_questions_along(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """Those who share a round with it still get their answers."""
    gone = asking(rounds, *"abcdefgh")
    await capitals.begun.wait()
    stays = asking(rounds, "x", "y")
    gone.cancel()
    await asyncio.wait([gone])
    capitals.opened.set()

    assert await stays == ["X", "Y"]
    assert capitals.seen == [["a", "b", "c", "d"], ["x", "y"]]


async def test_the_wait_for_solo_rounds_does_not_count(
    rounds: Rounds[str, str], capitals: Capitals
) -> None:
    """Large calls come one after the other, and the limit of each is for its own solo rounds."""
    first = asking(rounds, *"abcd")
    await capitals.begun.wait()
    limit = TimeLimit(0.1)

    async def run() -> list[str]:
        async with limit.enforced():
            return await rounds.answers("efgh", limit)

    second = asyncio.create_task(run())
    asyncio.get_running_loop().call_later(0.2, capitals.opened.set)

    assert await second == [*"EFGH"]
    assert first.done()


async def test_the_solo_rounds_themselves_count(rounds: Rounds[str, str]) -> None:
    """Solo rounds that nobody answers are ended by the limit."""
    limit = TimeLimit(0.05)

    with pytest.raises(TimeoutError):
        async with limit.enforced():
            await rounds.answers("abcd", limit)


async def test_whoever_waits_at_the_end_is_cancelled(capitals: Capitals) -> None:
    """Nobody waits for ever, whether the round that has their question began or not."""
    rounds = Rounds(capitals.answer, size=len, most=4, most_size=10)
    async with background(rounds.serve()):
        begun = asking(rounds, "a")
        await capitals.begun.wait()
        waiting = asking(rounds, "b")
        await asyncio.wait([waiting], timeout=0)
    await asyncio.wait([begun, waiting])

    assert begun.cancelled()
    assert waiting.cancelled()


@pytest.mark.parametrize("extra", [["X"], []])
async def test_a_wrong_number_of_answers_is_an_error_of_that_round_only(extra: list[str]) -> None:
    """Whoever asks later is still answered."""

    async def answer(texts: Sequence[str]) -> list[str]:
        return extra if "bad" in texts and len(texts) != len(extra) else [*map(str.upper, texts)]

    rounds = Rounds(answer, size=len, most=4, most_size=100)
    async with background(rounds.serve()):
        with pytest.raises(ValueError, match="zip"):
            await asyncio.wait_for(asking(rounds, "bad", "bad"), 5)
        assert await asyncio.wait_for(asking(rounds, "d"), 5) == ["D"]


async def test_nothing_asked_is_nothing_answered(rounds: Rounds[str, str]) -> None:
    """A batch in which every entry was refused has no texts."""
    assert await rounds.answers([], TimeLimit()) == []


async def test_answers_keep_their_order_if_several_rounds_run_at_once() -> None:
    """A later round of the same caller may end first."""
    opened = {text: asyncio.Event() for text in "ab"}
    opened["b"].set()

    async def answer(texts: Sequence[str]) -> list[str]:
        for text in texts:
            await opened[text].wait()
            opened["a"].set()
        return [text.upper() for text in texts]

    rounds = Rounds(answer, size=len, most=1, most_size=10)
    async with background(rounds.serve()), background(rounds.serve()):
        assert await asking(rounds, "a", "b") == ["A", "B"]
