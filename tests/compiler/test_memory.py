"""The planner: never an overlap, optimal on small cases, and its proof catches a wrong plan."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinydf.compiler.memory import Buffer, Packing, lower_bound, pack, prove

BUFFERS = st.lists(
    st.tuples(st.integers(1, 500), st.integers(0, 12), st.integers(0, 6)).map(
        lambda item: Buffer("b", item[0], item[1], item[1] + item[2])
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(BUFFERS)
def test_packing_is_proved_and_not_below_the_bound(buffers: list[Buffer]) -> None:
    packing = pack(buffers)
    prove(buffers, packing)
    assert packing.lower_bound == lower_bound(buffers) <= packing.bytes <= sum(b.padded for b in buffers)


def _optimum(buffers: list[Buffer]) -> int:
    """The best of all placings: each order, each buffer at the lowest offset that is free."""
    best = sum(b.padded for b in buffers)
    for order in itertools.permutations(buffers):
        placed: list[tuple[int, Buffer]] = []
        for buffer in order:
            taken = sorted((start, start + other.padded) for start, other in placed if other.meets(buffer))
            offset = 0
            for start, stop in taken:
                if start - offset >= buffer.padded:
                    break
                offset = max(offset, stop)
            placed.append((offset, buffer))
        best = min(best, max((start + b.padded for start, b in placed), default=0))
    return best


@settings(max_examples=40, deadline=None)
@given(BUFFERS.filter(lambda buffers: len(buffers) <= 5))
def test_small_cases_are_optimal(buffers: list[Buffer]) -> None:
    assert pack(buffers).bytes == _optimum(buffers)


def test_overlap_is_caught() -> None:
    buffers = [Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 3)]
    with pytest.raises(AssertionError, match="overlaps"):
        prove(buffers, Packing((0, 4), 16, 16))
    with pytest.raises(AssertionError, match="leaves the arena"):
        prove(buffers, Packing((0, 12), 16, 16))
    prove([Buffer("a", 8, 0, 1), Buffer("b", 8, 2, 3)], Packing((0, 0), 8, 8))
