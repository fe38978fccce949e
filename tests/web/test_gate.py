"""How the threads are shared: what takes long leaves some to what does not."""

import pytest

from rentomatic.web.gate import Gate, Gates, Overloaded, server_threads


def taken(*gates: Gate, at_most: int = 100) -> int:
    """How often all of the gates let somebody in, who stays, before one of them does not."""
    for times in range(at_most):
        try:
            for gate in gates:
                gate.enter()
        except Overloaded:
            return times
    return at_most


@pytest.mark.parametrize(
    ("threads", "busy"), [(3, 1), (4, 2), (5, 3), (6, 4), (7, 5), (8, 6), (12, 10), (16, 14), (64, 62)]
)
def test_what_takes_long_leaves_a_place_to_searches(threads: int, busy: int) -> None:
    gates = Gates(threads)
    bodies = taken(gates.bodies, gates.requests)
    imports = taken(gates.imports, gates.requests)
    writes = taken(gates.writes, gates.requests)
    exports = taken(gates.slow, gates.requests)

    assert busy == bodies + imports + writes + exports
    assert 1 == taken(gates.requests)


@pytest.mark.parametrize("threads", [1, 2])
def test_with_next_to_no_threads_everything_is_done_one_after_the_other(threads: int) -> None:
    gates = Gates(threads)

    for gate in 2 * (gates.bodies, gates.writes, gates.imports, gates.exports, gates.requests):
        with gate.place():
            pass


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 8, 64])
def test_a_thread_is_left_for_health_when_every_place_is_taken(threads: int) -> None:
    gates = Gates(threads)

    assert 1 == server_threads(threads) - taken(gates.requests) - taken(gates.exports)


def test_a_place_that_is_refused_further_on_is_free_again() -> None:
    around = Gate(1, patience=0)
    gate = Gate(1, patience=0, within=around)
    with around.place(), pytest.raises(Overloaded):
        gate.enter()

    assert 1 == taken(gate)
