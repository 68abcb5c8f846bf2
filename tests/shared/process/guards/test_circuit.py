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


@given(_EVENTS)
def test_the_circuit_is_open_only_after_a_failure_that_no_answer_contradicts(
    events: list[tuple[float, tuple[str, float]]],
) -> None:
    """A model that keeps every event agrees with the circuit after each of them."""
    now, answered_at = 0.0, -inf
    doubted = confirmed = False
    circuit = Circuit(clock=lambda: now)
    seen: list[State] = []
    circuit.when_changed(seen.append)
    for pause, (kind, age) in events:
        now += pause
        if kind == "answer":
            circuit.answered()
            answered_at, doubted, confirmed = now, False, False
        elif kind == "confirmation":
            circuit.confirmed()
            confirmed = doubted
        else:
            blamed = circuit.failed(now - age)
            assert blamed == (answered_at <= now - age)
            doubted = doubted or blamed
        expected = State.OPEN if confirmed else State.DOUBTED if doubted else State.CLOSED
        assert circuit.state is expected
        assert circuit.is_open == confirmed

    # Whoever listens hears of every change once, and of each state in its order.
    assert all(before is not after for before, after in pairwise(seen))
    assert not seen or seen[-1] is circuit.state


def test_a_doubt_that_an_answer_removes_never_opens_the_circuit() -> None:
    """A single slow answer lets nobody else fail."""
    circuit = Circuit(clock=lambda: 1.0)

    assert circuit.failed(0.5)
    assert not circuit.is_open
    circuit.answered()
    circuit.confirmed()

    assert circuit.state is State.CLOSED
