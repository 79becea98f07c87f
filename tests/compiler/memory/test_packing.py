# SPDX-License-Identifier: Apache-2.0
"""The planner: never an overlap, optimal on small cases, and its proof catches a wrong plan."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinydf.compiler.memory.packing import Buffer, Packing, Problem, lower_bound, pack, prove

BUFFERS = st.lists(
    st.tuples(st.integers(1, 500), st.integers(0, 12), st.integers(0, 6)).map(
        lambda item: Buffer("b", item[0], item[1], item[1] + item[2])
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(BUFFERS)
def test_packing_is_proved_and_not_below_the_bound(buffers: list[Buffer]) -> None:
    problem = Problem(buffers)
    packing = pack(problem)
    prove(problem, packing)
    assert packing.lower_bound == lower_bound(problem) <= packing.bytes <= sum(b.padded for b in buffers)


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
    assert pack(Problem(buffers)).bytes == _optimum(buffers)


def test_overlap_is_caught() -> None:
    buffers = [Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 3)]
    with pytest.raises(AssertionError, match="overlaps"):
        prove(Problem(buffers), Packing((0, 4), 16, 16))
    with pytest.raises(AssertionError, match="leaves the arena"):
        prove(Problem(buffers), Packing((0, 12), 16, 16))
    prove(Problem([Buffer("a", 8, 0, 1), Buffer("b", 8, 2, 3)]), Packing((0, 0), 8, 8))


def test_an_output_overlaps_its_input() -> None:
    buffers = [Buffer("input", 100, -1, 0), Buffer("output", 80, 0, 1)]
    assert pack(Problem(buffers)).bytes == 180
    packing = pack(Problem(buffers, {(0, 1): 12}))
    assert packing.bytes == packing.lower_bound == 112
    assert packing.offsets[0] - packing.offsets[1] == 12
    with pytest.raises(AssertionError, match="overlaps"):
        prove(Problem(buffers, {(0, 1): 12}), Packing((8, 0), 112, 112))


def test_a_larger_output_overlaps_too() -> None:
    # Its end is where its input's is, or beyond.
    problem = Problem([Buffer("input", 40, -1, 0), Buffer("output", 100, 0, 1)], {(0, 1): 64})
    assert pack(problem).bytes == 104


def test_a_buffer_that_lives_on_may_not_be_overlapped() -> None:
    buffers = [Buffer("input", 40, -1, 3), Buffer("output", 40, 0, 1)]
    with pytest.raises(AssertionError, match="may not overlap"):
        pack(Problem(buffers, {(0, 1): 4}))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300)), min_size=2, max_size=10))
def test_sequences_with_overlaps_are_proved(buffer_sizes: list[tuple[int, int]]) -> None:
    buffers = [Buffer(f"b{k}", size, k, k + 1) for k, (size, _) in enumerate(buffer_sizes)]
    overlaps = {(k, k + 1): overlap for k, (_, overlap) in enumerate(buffer_sizes[:-1])}
    problem = Problem(buffers, overlaps)
    packing = pack(problem)
    prove(problem, packing)
    assert packing.bytes >= packing.lower_bound
