# SPDX-License-Identifier: Apache-2.0
"""Packs buffers with known lifetimes into one arena, and proves the result.

Offline dynamic storage allocation: each buffer has a size and an interval of steps in which it lives; two buffers
that live at the same step must not overlap. One exception: a kernel that goes through its input and its output from
front to back may write over the part of the input that it has done with. It then says by how many bytes its output
must start before its input, or after it if it can go from back to front.

First fit by several orders finds the optimum for most models (it meets the lower bound: what the buffers alive at
one step need at least); where it does not, a deterministic local search over orders goes on, and the gap that is left
is reported.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinydf.compiler.ir.arena import ALIGNMENT, align

SEARCH_ROUNDS = 3000


@dataclass(frozen=True)
class Buffer:
    """Bytes that must be kept from step `first` to step `last`, both included."""

    name: str
    bytes: int
    first: int
    last: int

    @property
    def padded(self) -> int:
        """Size up to the alignment."""
        return align(self.bytes)

    def meets(self, other: "Buffer") -> bool:
        """Whether both live at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Problem:
    """What is to be placed.

    Args:
        buffers: the buffers.
        overlaps: (upper, lower) -> how many bytes `lower` must at least start before `upper`. Only for a kernel's input
            and output that meet in one step alone, the input's last and the output's first: with the output lower, or
            (for kernels that can go backward) with the input lower, or both.
    """

    buffers: Sequence[Buffer]
    overlaps: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def below(self, lower: int, upper: int) -> int:
        """How far buffer `lower` must start before buffer `upper`, if it does not start after it."""
        whole = self.buffers[lower].padded
        return min(whole, align(self.overlaps.get((upper, lower), whole)))


@dataclass(frozen=True)
class Packing:
    """Where each buffer starts, the arena's size, and the least that any packing needs."""

    offsets: tuple[int, ...]
    bytes: int
    lower_bound: int


def pack(problem: Problem) -> Packing:
    """Find offsets, multiples of 4, that keep buffers alive at the same time apart.

    Returns:
        The best packing found; checked by `prove`.
    """
    buffers = problem.buffers
    bound = lower_bound(problem)
    neighbours = [
        [k for k in range(len(buffers)) if k != n and buffers[k].meets(buffers[n])] for n in range(len(buffers))
    ]
    orders = [
        sorted(range(len(buffers)), key=lambda k: (-buffers[k].padded, buffers[k].first)),
        sorted(range(len(buffers)), key=lambda k: (buffers[k].first, -buffers[k].padded)),
        sorted(range(len(buffers)), key=lambda k: (-buffers[k].first, -buffers[k].padded)),
        sorted(range(len(buffers)), key=lambda k: (-(buffers[k].last - buffers[k].first), -buffers[k].padded)),
        sorted(range(len(buffers)), key=lambda k: (-buffers[k].padded * (1 + buffers[k].last - buffers[k].first), k)),
    ]
    best_way, best = _first_way(problem, neighbours, bound, orders)
    source = random.Random(0)
    for _ in range(SEARCH_ROUNDS if best[1] > bound else 0):
        way = best_way.varied(source)
        candidate = _place(problem, neighbours, bound, way)
        if candidate[1] <= best[1]:
            best_way, best = way, candidate
        if best[1] == bound:
            break
    packing = Packing(tuple(best[0]), best[1], bound)
    prove(problem, packing)
    return packing


def lower_bound(problem: Problem) -> int:
    """The least that any packing needs: the largest sum of bytes alive at one step, less what overlaps save there."""
    buffers = problem.buffers
    bound = 0
    for step in {buffer.first for buffer in buffers}:
        alive = [k for k, buffer in enumerate(buffers) if buffer.first <= step <= buffer.last]
        need = sum(buffers[k].padded for k in alive)
        saved: dict[frozenset[int], int] = {}
        for upper, lower in problem.overlaps:
            if upper in alive and lower in alive:
                apart = buffers[upper].padded + buffers[lower].padded
                joint = max(buffers[lower].padded, problem.below(lower, upper) + buffers[upper].padded)
                pair = frozenset((upper, lower))
                saved[pair] = max(saved.get(pair, 0), apart - joint)
        need -= sum(saved.values())
        bound = max(bound, need, *(buffers[k].padded for k in alive))
    return bound


def prove(problem: Problem, packing: Packing) -> None:
    """Check that buffers that live together overlap only as `problem.overlaps` allows, all within the arena.

    Raises:
        AssertionError: if the planner has a bug. It never ships a plan that it has not proved.
    """
    buffers, offsets = problem.buffers, packing.offsets
    for (upper, lower), _ in problem.overlaps.items():
        meeting = {(buffers[upper].last, buffers[lower].first), (buffers[lower].last, buffers[upper].first)}
        if all(last != first for last, first in meeting):
            raise AssertionError(f"{buffers[lower]} may not overlap {buffers[upper]}")
    for k, buffer in enumerate(buffers):
        inside = offsets[k] >= 0 and offsets[k] % ALIGNMENT == 0 and offsets[k] + buffer.bytes <= packing.bytes
        if not inside:
            raise AssertionError(f"{buffer} leaves the arena of {packing.bytes} bytes")
        for j in range(k):
            apart = _apart(problem, offsets, k, j) or _apart(problem, offsets, j, k)
            if buffer.meets(buffers[j]) and not apart:
                raise AssertionError(f"{buffer} overlaps {buffers[j]}")


def _apart(problem: Problem, offsets: Sequence[int], lower: int, upper: int) -> bool:
    """Whether `lower` starts far enough before `upper`."""
    needed = problem.overlaps.get((upper, lower), problem.buffers[lower].bytes)
    return offsets[lower] + min(needed, problem.buffers[lower].bytes) <= offsets[upper]


@dataclass(frozen=True)
class _Way:
    """In which order buffers are placed, and which of them as high as the lower bound lets them."""

    order: tuple[int, ...]
    high: frozenset[int]

    def varied(self, source: random.Random) -> "_Way":
        """Another way: one buffer earlier or later, or from the other end."""
        position = source.randrange(len(self.order))
        if source.random() < 0.3:
            return _Way(self.order, self.high ^ {self.order[position]})
        order = list(self.order)
        order.insert(source.randrange(len(order)), order.pop(position))
        return _Way(tuple(order), self.high)


Placing = tuple[list[int], int]


def _first_way(
    problem: Problem, neighbours: Sequence[Sequence[int]], bound: int, orders: Sequence[Sequence[int]]
) -> tuple[_Way, Placing]:
    """The best of some orders: each buffer low, each high, and those of even steps low and of odd steps high."""
    everything = frozenset(range(len(problem.buffers)))
    odd = frozenset(k for k in everything if problem.buffers[k].first % 2)
    ways = [_Way(tuple(order), high) for order in orders for high in (frozenset(), everything, odd)]
    placings = [(way, _place(problem, neighbours, bound, way)) for way in ways]
    return min(placings, key=lambda pair: pair[1][1])


def _place(problem: Problem, neighbours: Sequence[Sequence[int]], bound: int, way: _Way) -> Placing:
    """Place buffers one after the other, each as low, or as high, as it can be."""
    offsets = [-1] * len(problem.buffers)
    size = 0
    for k in way.order:
        # Where the buffer may not start, given one that is placed: between `first` and `last`, both excluded.
        taken = sorted(
            (offsets[j] - problem.below(k, j), offsets[j] + problem.below(j, k))
            for j in neighbours[k]
            if offsets[j] >= 0
        )
        padded = problem.buffers[k].padded
        offset = _highest(taken, bound - padded) if k in way.high else -1
        offsets[k] = offset if offset >= 0 else _lowest(taken)
        size = max(size, offsets[k] + padded)
    return offsets, size


def _lowest(taken: Sequence[tuple[int, int]]) -> int:
    offset = 0
    for first, last in taken:
        if first < offset < last:
            offset = last
    return offset


def _highest(taken: Sequence[tuple[int, int]], offset: int) -> int:
    """The highest offset up to `offset`; negative if there is none."""
    for first, last in sorted(taken, key=lambda pair: -pair[1]):
        if first < offset < last:
            offset = first
    return offset
