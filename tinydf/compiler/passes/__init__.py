# SPDX-License-Identifier: Apache-2.0
"""Passes: each a function from graph to graph, in a file and with a test of its own; `PASSES` is their order."""

from collections.abc import Callable

from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.passes.constants import fold_constants
from tinydf.compiler.passes.edges import strip_edges
from tinydf.compiler.passes.padding import fold_padding
from tinydf.compiler.passes.unused import remove_unused
from tinydf.compiler.passes.views import share_views

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    strip_edges,
    fold_constants,
    fold_padding,
    share_views,
    remove_unused,
)
