"""Sends damaged files to a front, loads them as a worker does, and counts what became of them."""

import asyncio
import base64
import resource
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import httpx

from shared.errors import BadInput, ServiceError
from shared.images.inspection import ImageLimits, inspect
from tests.fuzz.files.mutations import Mutant
from worker.pipeline.ocr.confined import PageLimits, load_confined

# What no file may take by the clock. A worker ends a job after as long.
_STUCK = 60
# Less CPU time than by default, or a few hundred costly mutants would take hours.
_PAGE = PageLimits(cpu=1, memory=1_000_000_000)
_FRONT = ImageLimits(max_bytes=10_000_000, max_pixels=40_000_000)


@dataclass
class Tally:
    """How many mutants ended how, which ended as none may, and what the costliest took.

    `cpu` is in seconds and `memory` in bytes, each with the name of the mutant. Mutants that are
    worth a look are written to `folder`.
    """

    folder: Path
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    cpu: tuple[float, str] = (0.0, "none")
    memory: tuple[int, str] = (0, "none")

    def count(self, outcome: str, mutant: Mutant, *, wrong: bool) -> None:
        """Count the end of a mutant; `wrong` says that none may end so."""
        self.outcomes[outcome] += 1
        if wrong:
            self.wrong.append(f"{outcome}: {mutant.name}")
            self._keep(mutant)

    def weigh(self, mutant: Mutant, cpu: float, memory: int) -> None:
        """Remember the mutant if it is the costliest so far."""
        if cpu > self.cpu[0]:
            self.cpu = cpu, mutant.name
            self._keep(mutant)
        if memory > self.memory[0]:
            self.memory = memory, mutant.name
            self._keep(mutant)

    def report(self) -> str:
        """Return the figures as text, with one line for each mutant that ended as none may."""
        lines = [f"{count:8} {outcome}" for outcome, count in self.outcomes.most_common()]
        lines.append(f"{self.outcomes.total():8} in all, {len(self.wrong)} of them wrong")
        if self.cpu[0]:
            lines.append(f"most CPU: {self.cpu[0]:.2f} s, {self.cpu[1]}")
            lines.append(f"most memory: {self.memory[0] / 1e6:.0f} MB, {self.memory[1]}")
        return "\n".join([*lines, *self.wrong, ""])

    def _keep(self, mutant: Mutant) -> None:
        (self.folder / mutant.name).write_bytes(mutant.content)


async def send(http: httpx.AsyncClient, mutants: Iterable[Mutant], tally: Tally) -> None:
    """Submit each file, or each body, to a front. A status of 500 or more is wrong."""
    for mutant in mutants:
        try:
            async with asyncio.timeout(_STUCK):
                answer = await http.post(
                    "/api/v1/jobs",
                    content=mutant.content if mutant.name.endswith(".json") else _body(mutant),
                    headers={"Content-Type": "application/json"},
                )
        except TimeoutError:
            tally.count("stuck in the front", mutant, wrong=True)
            continue
        code = "" if answer.is_success else answer.json()["error"]
        tally.count(f"front {answer.status_code} {code}", mutant, wrong=answer.is_server_error)


def load(mutants: Iterable[Mutant], tally: Tally) -> None:
    """Load each file that a front would accept, as a recognition child does.

    Any error that is not the file's fault is wrong. The files are not recognised: that works on
    pixels, whatever they come from.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        for mutant in mutants:
            try:
                inspect(mutant.content, _FRONT)
                loaded = child.submit(_load, mutant.content).result(_STUCK)
            except ServiceError as error:
                tally.count(f"refused {error.code}", mutant, wrong=not isinstance(error, BadInput))
                continue
            tally.count(loaded.outcome, mutant, wrong=loaded.wrong)
            tally.weigh(mutant, loaded.cpu, loaded.memory)


@dataclass(frozen=True)
class _Loaded:
    """What became of a file, the CPU seconds it took, and the peak of all files so far in bytes."""

    outcome: str
    wrong: bool
    cpu: float
    memory: int


def _load(content: bytes) -> _Loaded:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome, wrong = "loaded", False
    try:
        load_confined(content, _FRONT.max_pixels, _PAGE)
    except ServiceError as error:
        outcome, wrong = f"worker {error.code}", not isinstance(error, BadInput)
    except Exception as error:
        outcome, wrong = f"worker {type(error).__name__}: {error}", True
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Loaded(outcome, wrong, cpu, after.ru_maxrss * 1024)


def _body(mutant: Mutant) -> bytes:
    image = base64.b64encode(mutant.content).decode()
    head = '{"tenant_id":"fuzz","feature":"receipt_extraction","payload":{"image_base64":"'
    return f'{head}{image}"}}}}'.encode()
