# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a .tflite to C sources: read, pass, lower, place, emit."""

import re
from dataclasses import dataclass
from pathlib import Path

from tinydf.artefacts.plan import FILE as PLAN_FILE
from tinydf.artefacts.plan import Plan
from tinydf.compiler import lowering as lowering  # fills the registry of lowerings
from tinydf.compiler.codegen.emit import emit, emit_header, stem
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.fusion.cascades import place_cascades
from tinydf.compiler.fusion.tables import join_tables
from tinydf.compiler.ir.graph import Graph, Tensor
from tinydf.compiler.lowering.context import check_supported, lower
from tinydf.compiler.memory.placement import directed, place
from tinydf.compiler.memory.plan import make_plan
from tinydf.compiler.passes import PASSES
from tinydf.compiler.targets import target_named
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, write_json, write_text

# What most boards have. Its C runs everywhere, for the kernels do without the instructions where there are none.
DEFAULT_TARGET = "armv7e-m"
MAXIMUM_EDGE_RANK = 4
MAXIMUM_ARENA = 1 << 28
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")


@dataclass(frozen=True)
class Compiled:
    """A compiled model: the text of its C source and header, and the plan; `name` is "" for an export's model_aot."""

    name: str
    source: str
    header: str
    plan: Plan

    @property
    def stem(self) -> str:
        """What its files and its `tdf_model` are called."""
        return stem(self.name)

    @property
    def arena_bytes(self) -> int:
        """The arena's size, exactly."""
        return self.plan.arena_bytes


def compile_model(
    tflite: bytes, threshold_steps: int = 0, target: str = DEFAULT_TARGET, whole: bool = False, name: str = ""
) -> Compiled:
    """Compile an int8 .tflite to C.

    Args:
        tflite: the file's bytes; nothing in them is trusted.
        threshold_steps: the verdict is "fake" if output[1] - output[0] is larger; goes into the description.
        target: whose kernels to call, the name of one of `TARGETS`.
        whole: keep every tensor whole, for who wants to look at it; no layers run together row by row.
        name: of the model in C, as in `kws_model`; "" for the `model_aot` of an export directory.

    Raises:
        TinydfError: if the file is damaged, or the model uses what the compiler does not support.
    """
    chosen = target_named(target)
    if name:
        check_name(name)
    graph = read_model(tflite)
    for apply in PASSES:
        graph = apply(graph)
    check_supported(graph)
    _check_edges(graph)
    layers = chosen.specialise(graph, join_tables(graph, lower(graph)))
    layers, placement = (layers, place(graph, layers)) if whole else place_cascades(graph, layers, chosen.costs)
    if placement.arena_bytes > MAXIMUM_ARENA:
        raise TinydfError(f"the model needs {placement.arena_bytes} bytes of arena", "make it smaller")
    layers = directed(graph, layers, placement)
    plan = make_plan(graph, layers, placement, sha256_bytes(tflite), target)
    source = emit(graph, layers, placement, plan, threshold_steps, name)
    return Compiled(name, source, emit_header(plan, name), plan)


def check_name(name: str) -> None:
    """Refuse a name that C names cannot begin with, or that is tinydf's own."""
    if not _NAME.fullmatch(name) or name == "tdf":
        raise TinydfError(
            f"{name!r} cannot be a model's name in C", "give a letter and up to 31 letters, digits or _: kws"
        )


def _check_edges(graph: Graph) -> None:
    for name, tensor_ids in (("input", graph.inputs), ("output", graph.outputs)):
        if len(tensor_ids) != 1:
            raise TinydfError(f"the model has {len(tensor_ids)} {name}s, expected 1", "export a model with one of each")
        _check_edge(name, graph.tensors[tensor_ids[0]])
    if not graph.operators:
        raise TinydfError("the model does nothing: its output is its input", "export another model")


def _check_edge(name: str, tensor: Tensor) -> None:
    quantisation = tensor.quantisation
    if tensor.dtype != "int8" or quantisation is None or quantisation.per_channel or tensor.data is not None:
        raise TinydfError(f"the model's {name} is {tensor.dtype}, expected int8", "export it with --int8")
    if len(tensor.shape) > MAXIMUM_EDGE_RANK or any(size >= 1 << 16 for size in tensor.shape):
        raise TinydfError(f"the model's {name} has shape {list(tensor.shape)}", "give it up to 4 axes")
    if not -128 <= quantisation.zero_point <= 127:
        raise TinydfError(f"the model's {name} has zero point {quantisation.zero_point}", "export it with --int8")


def write_compiled(compiled: Compiled, directory: Path) -> None:
    """Write a model's C and plan into `directory`: model_aot.c, model_aot.h and plan.json if it has no name."""
    write_text(directory / f"{compiled.stem}.c", compiled.source)
    write_text(directory / f"{compiled.stem}.h", compiled.header)
    write_json(directory / (f"{compiled.name}_{PLAN_FILE}" if compiled.name else PLAN_FILE), compiled.plan)
