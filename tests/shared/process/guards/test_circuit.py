"""The circuit: open only after failures that nobody's answer contradicts, closed by any answer."""

from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from shared.process.guards.circuit import Circuit, State

# What happens, and how many seconds after what happened before. A failure is of a question that was
# asked so many seconds ago.
_EVENTS = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.one_of(
            st.just(("answer", 0.0)),
            st.just(("confirmation", 0.0)),
            st.tuples(st.just("failure"), st.floats(0, 5)),
        ),
    ),
    max_size=30,
)


class _Model:
    """What a circuit has to be after the same events."""

    def __init__(self) -> None:
        self.answered_at = -inf
        self.doubted = self.confirmed = False

    def note(self, kind: str, now: float, asked_at: float) -> None:
        if kind == "answer":
            self.answered_at, self.doubted, self.confirmed = now, False, False
        elif kind == "confirmation":
            self.confirmed = self.doubted
        else:
            self.doubted = self.doubted or asked_at >= self.answered_at

    @property
    def state(self) -> State:
        if self.confirmed:
            return State.OPEN
        return State.DOUBTED if self.doubted else State.CLOSED


@given(_EVENTS)
def test_the_circuit_is_open_only_after_a_failure_that_no_answer_contradicts(
    events: list[tuple[float, tuple[str, float]]],
) -> None:
    """A model agrees with the circuit after each event, and listeners hear of each change once."""
    now = 0.0
    model, circuit = _Model(), Circuit(clock=lambda: now)
    seen = [State.CLOSED]
    circuit.when_changed(seen.append)
    for pause, (kind, age) in events:
        now += pause
        model.note(kind, now, now - age)
        if kind == "answer":
            circuit.answered()
        elif kind == "confirmation":
            circuit.confirmed(now)
        else:
            assert circuit.failed(now - age) == (model.answered_at <= now - age)
        assert circuit.state is model.state is seen[-1]

    assert all(before is not after for before, after in pairwise(seen))


def test_a_doubt_that_an_answer_removes_never_opens_the_circuit() -> None:
    """A single slow answer lets nobody else fail."""
    circuit = Circuit(clock=lambda: 1.0)

    assert circuit.failed(0.5)
    assert not circuit.is_open
    circuit.answered()
    circuit.confirmed(1.5)

    assert circuit.state is State.CLOSED
