"""Packs buffers with known lifetimes into one arena, and proves the result.

Offline dynamic storage allocation: each buffer has a size and an interval of steps in which it lives; two buffers
that live at the same step must not overlap. Best fit by several orders finds the optimum for most models (it meets
the lower bound, the largest sum of bytes alive at one step); where it does not, a deterministic local search over
orders goes on, and the gap that is left is reported.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 4
SEARCH_ROUNDS = 4000


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
        return -(-self.bytes // ALIGNMENT) * ALIGNMENT

    def meets(self, other: "Buffer") -> bool:
        """Whether both live at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Packing:
    """Where each buffer starts, the arena's size, and the least that any packing needs."""

    offsets: tuple[int, ...]
    bytes: int
    lower_bound: int


def pack(buffers: Sequence[Buffer]) -> Packing:
    """Find offsets, multiples of 4, that keep buffers alive at the same time apart.

    Args:
        buffers: what to place.

    Returns:
        The best packing found; checked by `prove`.
    """
    bound = lower_bound(buffers)
    orders = [
        sorted(range(len(buffers)), key=lambda k: (-buffers[k].padded, buffers[k].first)),
        sorted(range(len(buffers)), key=lambda k: (buffers[k].first, -buffers[k].padded)),
        sorted(range(len(buffers)), key=lambda k: (-(buffers[k].last - buffers[k].first), -buffers[k].padded)),
        sorted(range(len(buffers)), key=lambda k: (-buffers[k].padded * (1 + buffers[k].last - buffers[k].first), k)),
    ]
    best_order, best = min(((order, _place(buffers, order)) for order in orders), key=lambda pair: pair[1][1])
    source = random.Random(0)
    for _ in range(SEARCH_ROUNDS if best[1] > bound else 0):
        order = list(best_order)
        place = source.randrange(len(order))
        order.insert(source.randrange(len(order)), order.pop(place))
        candidate = _place(buffers, order)
        if candidate[1] <= best[1]:
            best_order, best = order, candidate
        if best[1] == bound:
            break
    packing = Packing(tuple(best[0]), best[1], bound)
    prove(buffers, packing)
    return packing


def lower_bound(buffers: Sequence[Buffer]) -> int:
    """The largest number of bytes alive at one step: no packing needs less."""
    steps = {buffer.first for buffer in buffers}
    return max((sum(b.padded for b in buffers if b.first <= step <= b.last) for step in steps), default=0)


def prove(buffers: Sequence[Buffer], packing: Packing) -> None:
    """Check that no two buffers that live together overlap, and that all lie within the arena.

    Raises:
        AssertionError: if the planner has a bug. It never ships a plan that it has not proved.
    """
    for k, (buffer, offset) in enumerate(zip(buffers, packing.offsets, strict=True)):
        inside = offset >= 0 and offset % ALIGNMENT == 0 and offset + buffer.bytes <= packing.bytes
        if not inside:
            raise AssertionError(f"{buffer} leaves the arena of {packing.bytes} bytes")
        for other, start in zip(buffers[:k], packing.offsets[:k], strict=True):
            apart = offset + buffer.bytes <= start or start + other.bytes <= offset
            if buffer.meets(other) and not apart:
                raise AssertionError(f"{buffer} overlaps {other}")


def _place(buffers: Sequence[Buffer], order: Sequence[int]) -> tuple[list[int], int]:
    """Place buffers one after the other, each in the smallest gap that takes it."""
    offsets = [0] * len(buffers)
    placed: list[int] = []
    size = 0
    for k in order:
        buffer = buffers[k]
        taken = sorted((offsets[j], offsets[j] + buffers[j].padded) for j in placed if buffer.meets(buffers[j]))
        offsets[k] = _best_gap(taken, buffer.padded)
        placed.append(k)
        size = max(size, offsets[k] + buffer.padded)
    return offsets, size


def _best_gap(taken: list[tuple[int, int]], size: int) -> int:
    best, best_room = None, 0
    end = 0
    for start, stop in taken:
        room = start - end
        if room >= size and (best is None or room < best_room):
            best, best_room = end, room
        end = max(end, stop)
    return end if best is None else best
