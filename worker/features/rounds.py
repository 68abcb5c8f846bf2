"""Answers the questions of many callers in rounds: whatever is asked during one round goes with the
next. Nothing waits for a timer, so a lone question is answered at once."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from worker.features.time_limit import TimeLimit

Q = TypeVar("Q")
A = TypeVar("A")


class _Call(Generic[Q, A]):
    """The questions of one caller, and how many of them rounds have taken."""

    def __init__(self, questions: Sequence[Q], most: int) -> None:
        self.questions = questions
        self.most = most
        self.taken = 0
        self.answers: dict[int, A] = {}
        self.all_answered: asyncio.Future[list[A]] = asyncio.get_running_loop().create_future()

    def next_position(self) -> int:
        """Take the next question, and return its position."""
        self.taken += 1
        return self.taken - 1

    def add(self, answers: Iterable[tuple[int, A]]) -> None:
        """Add the answers of a round, by position, unless the caller has gone."""
        self.answers.update(answers)
        if len(self.answers) == len(self.questions) and not self.all_answered.done():
            in_order = [self.answers[position] for position in range(len(self.questions))]
            self.all_answered.set_result(in_order)

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the caller has gone."""
        if not self.all_answered.done():
            self.all_answered.set_exception(error)


class Rounds(Generic[Q, A]):
    """Gathers questions into rounds of bounded size, to which every waiting caller contributes one
    question after the other. It is used from one event loop."""

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        size: Callable[[Q], int],
        most: int,
        most_size: int,
    ) -> None:
        """`answer` returns an answer for each question. A round has at most `most` questions, and
        takes no further one once their sizes add up to `most_size`."""
        self._answer = answer
        self._size = size
        self._most = most
        self._most_size = most_size
        self._calls: set[_Call[Q, A]] = set()
        self._waiting: deque[_Call[Q, A]] = deque()
        self._some = asyncio.Event()
        self._solo = asyncio.Lock()

    async def answers(
        self, questions: Sequence[Q], limit: TimeLimit, most: int | None = None
    ) -> list[A]:
        """Return the answers in the order of the questions, at most `most` of which share a round.

        Raises what `answer` raises for these questions alone. Calls that fill a round by themselves
        come one after the other, since all would end late if they shared their rounds; `limit` does
        not count that wait.
        """
        if not questions:
            return []
        if not self._fills_a_round(questions):
            return await self._all_answered(questions, most)
        with limit.paused():
            await self._solo.acquire()
        try:
            return await self._all_answered(questions, most)
        finally:
            self._solo.release()

    async def serve(self) -> None:
        """Answer what is asked, one round after the other, until cancelled. Callers that still wait
        then are cancelled. As many rounds run at once as there are tasks that run this."""
        try:
            while True:
                await self._some.wait()
                await self._round(self._taken())
        finally:
            for call in self._calls:
                call.all_answered.cancel()

    def _fills_a_round(self, questions: Sequence[Q]) -> bool:
        return len(questions) >= self._most or sum(map(self._size, questions)) >= self._most_size

    async def _all_answered(self, questions: Sequence[Q], most: int | None) -> list[A]:
        call: _Call[Q, A] = _Call(questions, most or self._most)
        self._calls.add(call)
        self._waiting.append(call)
        self._some.set()
        try:
            return await call.all_answered
        finally:
            self._calls.remove(call)

    def _taken(self) -> dict[_Call[Q, A], list[int]]:
        """Take the questions of a round: their positions by call. Forget callers that have gone."""
        taken: defaultdict[_Call[Q, A], list[int]] = defaultdict(list)
        until_next: list[_Call[Q, A]] = []
        count, size = 0, 0
        while self._waiting and count < self._most and size < self._most_size:
            call = self._waiting.popleft()
            if call.all_answered.done():
                continue
            position = call.next_position()
            taken[call].append(position)
            count += 1
            size += self._size(call.questions[position])
            if call.taken < len(call.questions):
                full = len(taken[call]) == call.most
                (until_next if full else self._waiting).append(call)
        self._waiting.extend(until_next)
        if not self._waiting:
            self._some.clear()
        return taken

    async def _round(self, taken: Mapping[_Call[Q, A], Sequence[int]]) -> None:
        """Answer the questions of a round, if there are any."""
        if not taken:
            return
        asked = [(call, position) for call in taken for position in taken[call]]
        try:
            found = await self._answer([call.questions[position] for call, position in asked])
            answered = list(zip(asked, found, strict=True))
        except Exception as error:
            await self._one_by_one(taken, error)
            return
        for (call, position), answer in answered:
            call.add([(position, answer)])

    async def _one_by_one(
        self, taken: Mapping[_Call[Q, A], Sequence[int]], error: Exception
    ) -> None:
        """Answer each caller by itself, so that the error reaches nobody but who caused it."""
        if len(taken) == 1:
            for call in taken:
                call.fail(error)
            return
        for call, positions in taken.items():
            await self._round({call: positions})
