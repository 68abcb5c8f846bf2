"""Answers the questions of many callers in rounds: whatever is asked during one round goes with the
next. Nothing waits for a timer, so a lone question is answered at once."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Generic, TypeVar

from worker.features.time_limit import TimeLimit

Q = TypeVar("Q")
A = TypeVar("A")


class _Call(Generic[Q, A]):
    """The questions of one caller, and how many of them earlier rounds have taken."""

    def __init__(self, questions: Sequence[Q], most: int) -> None:
        self.questions = questions
        self.most = most
        self.taken = 0
        self.answers: list[A] = []
        self.all_answered: asyncio.Future[list[A]] = asyncio.get_running_loop().create_future()

    def next_question(self) -> Q:
        """Take the next question."""
        self.taken += 1
        return self.questions[self.taken - 1]

    def add(self, answers: Sequence[A]) -> None:
        """Add the answers of a round, unless the caller has gone."""
        self.answers.extend(answers)
        if len(self.answers) == len(self.questions) and not self.all_answered.done():
            self.all_answered.set_result(self.answers)

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
        self._turn = asyncio.Lock()

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
            await self._turn.acquire()
        try:
            return await self._all_answered(questions, most)
        finally:
            self._turn.release()

    async def serve(self) -> None:
        """Answer what is asked, one round after the other, until cancelled. Callers that still wait
        then are cancelled."""
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

    def _taken(self) -> list[tuple[_Call[Q, A], Q]]:
        """Take the questions of a round, and forget the callers that have gone."""
        taken: list[tuple[_Call[Q, A], Q]] = []
        by_call: Counter[_Call[Q, A]] = Counter()
        until_next: list[_Call[Q, A]] = []
        room = self._most_size
        while self._waiting and len(taken) < self._most and room > 0:
            call = self._waiting.popleft()
            if call.all_answered.done():
                continue
            question = call.next_question()
            taken.append((call, question))
            by_call[call] += 1
            room -= self._size(question)
            if call.taken < len(call.questions):
                (until_next if by_call[call] == call.most else self._waiting).append(call)
        self._waiting.extend(until_next)
        if not self._waiting:
            self._some.clear()
        return taken

    async def _round(self, taken: Sequence[tuple[_Call[Q, A], Q]]) -> None:
        asked: defaultdict[_Call[Q, A], list[Q]] = defaultdict(list)
        for call, question in taken:
            asked[call].append(question)
        if not asked:
            return
        try:
            found = await self._answer(list(chain(*asked.values())))
        except Exception as error:
            await self._one_by_one(asked, error)
            return
        start = 0
        for call, questions in asked.items():
            call.add(found[start : start + len(questions)])
            start += len(questions)

    async def _one_by_one(self, asked: dict[_Call[Q, A], list[Q]], error: Exception) -> None:
        """Answer each caller by itself, so that the error reaches nobody but who caused it."""
        if len(asked) == 1:
            for call in asked:
                call.fail(error)
            return
        for call, questions in asked.items():
            await self._round([(call, question) for question in questions])
