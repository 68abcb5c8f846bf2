"""Probes: they decide on a doubt, and go on until the dependency answers."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.process.guards.circuit import Circuit, State
from shared.process.guards.probes import Probes
from tests.support.waiting import wait_until


def _answering(*answers: bool) -> tuple[list[float], Callable[[float], Awaitable[bool]]]:
    """Return a probe with these answers, one after the other, and the limits it has had so far."""
    limits: list[float] = []

    async def probe(within: float) -> bool:
        limits.append(within)
        return answers[len(limits) - 1]

    return limits, probe


async def test_an_answer_to_the_first_probe_removes_the_doubt() -> None:
    """The circuit never opens."""
    circuit = Circuit()
    states: list[State] = []
    limits, probe = _answering(True)
    probes = Probes(circuit, probe, first=0.3)
    circuit.when_changed(states.append)

    circuit.failed(asyncio.get_running_loop().time())
    await wait_until(lambda: circuit.state is State.CLOSED, "the doubt was removed")
    await probes.close()

    assert states == [State.DOUBTED, State.CLOSED]
    assert limits == [0.3]


async def test_the_circuit_opens_and_closes_with_the_answers_to_probes() -> None:
    """Only the first probe has little time. Nobody but the probes asks."""
    circuit = Circuit()
    states: list[State] = []
    limits, probe = _answering(False, False, True)
    probes = Probes(circuit, probe, first=0.3)
    circuit.when_changed(states.append)

    circuit.failed(asyncio.get_running_loop().time())
    await wait_until(lambda: len(states) == 3, "the circuit closed")
    await probes.close()

    assert states == [State.DOUBTED, State.OPEN, State.CLOSED]
    assert limits == [0.3, 1.5, 1.5]


async def test_there_is_one_probe_at_a_time() -> None:
    """A circuit that somebody's answer closed during a probe, and that is doubted again, has the
    probe that is under way."""
    circuit = Circuit()
    begun = 0
    forever = asyncio.Event()

    async def probe(_within: float) -> bool:
        nonlocal begun
        begun += 1
        await forever.wait()
        return True

    probes = Probes(circuit, probe, first=0.3)
    for _ in range(3):
        circuit.failed(asyncio.get_running_loop().time())
        await asyncio.sleep(0)
        circuit.answered()
    await probes.close()

    assert begun == 1


async def test_an_unforeseen_error_counts_as_no_answer_and_ends_no_probing() -> None:
    """The circuit would stay as it is for good if probing ended."""
    circuit = Circuit()
    states: list[State] = []
    begun = 0

    async def probe(_within: float) -> bool:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("nobody foresaw this")
        return True

    probes = Probes(circuit, probe, first=0.3)
    circuit.when_changed(states.append)
    circuit.failed(asyncio.get_running_loop().time())
    await wait_until(lambda: len(states) == 3, "the circuit closed")
    await probes.close()

    assert states == [State.DOUBTED, State.OPEN, State.CLOSED]


async def test_a_probe_confirms_no_doubt_that_came_after_an_answer() -> None:
    """The probe that is under way says nothing of it, so there is another one."""
    circuit = Circuit()
    states: list[State] = []
    begun = 0

    async def probe(_within: float) -> bool:
        nonlocal begun
        begun += 1
        if begun > 1:
            return True
        circuit.answered()
        circuit.failed(asyncio.get_running_loop().time())
        return False

    probes = Probes(circuit, probe, first=0.3)
    circuit.when_changed(states.append)
    circuit.failed(asyncio.get_running_loop().time())
    await wait_until(lambda: begun == 2, "another probe began")
    await probes.close()

    assert states == [State.DOUBTED, State.CLOSED, State.DOUBTED, State.CLOSED]
