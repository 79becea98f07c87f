# SPDX-License-Identifier: Apache-2.0
"""A target: the kernels that a family of cores runs fastest, and what they cost there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Costs, Kernel

Select = Callable[[Call], Call]
"""Gives a call of a faster kernel for a call of one in plain C, or the call itself where there is none for it."""
Fusion = Callable[[Graph, list[Layer]], list[Layer]]
"""Makes one layer of several that the target's kernels can do at once."""


@dataclass(frozen=True, eq=False)
class Target:
    """A family of cores, as the compiler sees it.

    Args:
        name: of the target; stands in plan.json.
        features: of the instruction set: the folders of `firmware/kernels` whose kernels it calls beside `reference`.
        kernels: what takes the place of a kernel in plain C (lowering/reference.py).
        costs: what plain C takes on these cores.
        fusions: what runs after all kernels are chosen, in this order.
        cores: the names by which boards and `--core` ask for it.
        sources: a folder with C files of its own, for a target that does not live in this repository.
    """

    name: str
    features: frozenset[str]
    kernels: Mapping[Kernel, Select]
    costs: Costs
    fusions: tuple[Fusion, ...] = ()
    cores: tuple[str, ...] = ()
    sources: Path | None = None

    def specialise(self, graph: Graph, layers: Sequence[Layer]) -> list[Layer]:
        """Call the target's kernels, where there are some for such parameters; then fuse."""
        chosen = [replace(layer, calls=tuple(map(self._select, layer.calls))) for layer in layers]
        for fuse in self.fusions:
            chosen = fuse(graph, chosen)
        return chosen

    def _select(self, call: Call) -> Call:
        select = self.kernels.get(call.kernel)
        return call if select is None else select(call)


def first_of(*tables: Mapping[Kernel, Select]) -> dict[Kernel, Select]:
    """The first table's kernels where it has some for such parameters, then the second's, and so on."""

    def select_from(kernel: Kernel) -> Select:
        def select(call: Call) -> Call:
            for table in tables:
                chosen = table[kernel](call) if kernel in table else call
                if chosen is not call:
                    return chosen
            return call

        return select

    return {kernel: select_from(kernel) for table in tables for kernel in table}
