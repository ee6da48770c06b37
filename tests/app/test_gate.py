from __future__ import annotations

import threading
import time

import pytest

from app.gate import Gate


def entered(gate: Gate, came: list[int], number: int) -> threading.Thread:
    """Start a thread that goes through the gate, and wait until it stands before it."""
    before = len(gate)

    def go() -> None:
        with gate.turn(5):
            came.append(number)

    thread = threading.Thread(target=go)
    thread.start()
    while len(gate) == before:
        time.sleep(0.001)
    return thread


def test_order() -> None:
    """Who waits longest is next, also before one who comes at the moment when a place is given back."""
    gate, came = Gate(1), list[int]()
    with gate.turn(0):
        threads = [entered(gate, came, number) for number in range(5)]
    with gate.turn(5):
        came.append(5)
    for thread in threads:
        thread.join()
    assert came == [0, 1, 2, 3, 4, 5]


def test_places() -> None:
    """As many as there are places are inside together, and the next one is told so in time."""
    gate = Gate(2)
    with gate.turn(0), gate.turn(0):
        with pytest.raises(TimeoutError), gate.turn(0.01):
            pytest.fail("a third one is inside")
        assert len(gate) == 0
    with gate.turn(0), gate.turn(0):
        pass


def test_a_place_is_given_back_after_an_error() -> None:
    """What fails inside holds nobody up."""
    gate = Gate(1)
    with pytest.raises(ZeroDivisionError), gate.turn(0):
        raise ZeroDivisionError
    with gate.turn(0):
        pass


def test_a_place_that_comes_too_late_goes_to_the_next() -> None:
    """One who is handed a place while he gives up passes it on."""
    gate, came = Gate(1), list[int]()
    with gate.turn(0):
        late = threading.Lock()
        late.acquire()
        gate._waiting.append(late)
        thread = entered(gate, came, 1)
    gate._give_up(late)
    thread.join(5)
    assert came == [1]
