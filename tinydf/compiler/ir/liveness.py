# SPDX-License-Identifier: Apache-2.0
"""When each tensor is alive: the one place that says so, for the memory plan, the fusions and the report."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.graph import Graph

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Life:
    """The steps in which a tensor's bytes must be kept, both included: -1 is before the first step."""

    first: int
    last: int


def lifetimes(
    given: Iterable[Name], steps: Sequence[tuple[Iterable[Name], Iterable[Name]]], taken: Iterable[Name] = ()
) -> dict[Name, Life]:
    """The lives of tensors.

    Args:
        given: those that are there before the first step.
        steps: what each reads, and what it writes.
        taken: those that are read after the last step.

    Returns:
        The lives of all that are given or written, in that order; what is only read is constant.
    """
    lives = {name: Life(-1, -1) for name in given}
    for step, (reads, writes) in enumerate(steps):
        written = list(writes)
        for name in written:
            lives.setdefault(name, Life(step, step))
        for name in (*reads, *written):
            if name in lives:
                lives[name] = Life(lives[name].first, step)
    for name in taken:
        lives[name] = Life(lives[name].first, len(steps))
    return lives


def liveness(graph: Graph, steps: Sequence[Sequence[Call]]) -> dict[int, Life]:
    """The lives of a graph's tensors, by root, where calls run in the given steps."""

    def roots(tensors: Iterable[int]) -> list[int]:
        return [graph.root(tensor) for tensor in tensors]

    return lifetimes(
        roots(graph.inputs),
        [
            (roots(tensor for call in calls for tensor in call.tensors), roots(call.output for call in calls))
            for calls in steps
        ],
        roots(graph.outputs),
    )


def reads(graph: Graph, layers: Sequence[Layer], root: int) -> int:
    """How often a tensor is read, also as an output of the model."""
    read = [tensor for layer in layers for call in layer.calls for tensor in call.tensors]
    return [graph.root(tensor) for tensor in (*read, *graph.outputs)].count(root)
