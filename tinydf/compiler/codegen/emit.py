# SPDX-License-Identifier: Apache-2.0
"""Writes C: constants, one function a layer, and the tdf_model (firmware/kernels/include/tdf_model.h) that joins them.

The same model gives the same bytes: nothing depends on time, paths or the order of a hash table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.plan import LayerPlan, Plan
from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.cascade import Cascade, Stage, buffers, kept_bytes, tensors_of
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.records import Pointer, Record, Records, c_format
from tinydf.compiler.memory.placement import Placement

COLUMNS = 120
NAME_LENGTH = 40
MODEL_VERSION = 1  # TDF_MODEL_VERSION
C_TYPES = {"int8": "int8_t", "int32": "int32_t", "int16": "int16_t"}


def stem(name: str) -> str:
    """What a model's files and its constant are called: kws_model for "kws", model_aot for one without a name."""
    return f"{name}_model" if name else "model_aot"


def symbol(name: str) -> str:
    """The C name of a kernel, or of a type that it takes."""
    return f"tdf_{name}"


@dataclass
class Constants:
    """Constant arrays, each written once however often it is used."""

    text: list[str] = field(default_factory=list)
    names: dict[tuple[str, bytes], str] = field(default_factory=dict)

    def add(self, name: str, array: NDArray[np.generic]) -> str:
        """Give the C name of a constant array, writing it if it is new."""
        key = (array.dtype.name, array.tobytes())
        if key not in self.names:
            self.names[key] = name
            # Kernels read weights by words.
            head = f"static const _Alignas(4) {C_TYPES[array.dtype.name]} {name}[{array.size}] TDF_WEIGHTS = {{"
            self.text.append("\n".join([head, *_rows([_number(int(v)) for v in array.reshape(-1)]), "};"]))
        return self.names[key]

    def add_struct(self, name: str, record: Record) -> str:
        """Give the C name of a constant struct, writing it."""
        body = _fields(record, name, self, 1)
        self.text.append("\n".join([f"static const {symbol(record.c_name)} {name} = {{", *body, "};"]))
        return name

    def add_records(self, name: str, records: Records) -> str:
        """Give the C name of a constant array of structs, writing it if it is new."""
        key = (records.record.c_name, records.rows.tobytes())
        if key not in self.names:
            self.names[key] = name
            head = f"static const {symbol(records.record.c_name)} {name}[{len(records.rows)}] TDF_WEIGHTS = {{"
            format = c_format(records.record)
            rows = [f"    {format % tuple(row)}," for row in records.rows.tolist()]
            self.text.append("\n".join([head, *rows, "};"]))
        return self.names[key]


def _number(value: int) -> str:
    return "INT32_MIN" if value == -(1 << 31) else str(value)


def _rows(items: Sequence[str]) -> list[str]:
    rows, row = [], "   "
    for item in items:
        if len(row) + len(item) + 2 > COLUMNS:
            rows.append(row)
            row = "   "
        row += f" {item},"
    return [*rows, row]


def emit(
    graph: Graph, layers: Sequence[Layer], placement: Placement, plan: Plan, threshold_steps: int, name: str
) -> str:
    """The text of the model's C source."""
    constants = Constants()
    functions = []
    for number, (layer, row) in enumerate(zip(layers, plan.layers, strict=True)):
        functions.append(_layer(graph, placement, constants, number, layer, row))
    parts = [
        _head(layers, plan, name),
        "\n\n".join(constants.text),
        "\n\n".join(functions),
        _tables(plan),
        _model(graph, plan, threshold_steps, name),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(layers: Sequence[Layer], plan: Plan, name: str) -> str:
    calls = [call for layer in layers for call in layer.calls]
    headers = sorted({"kernels.h", *(one.kernel.header for call in calls for one in (call, *call.parts))})
    return f"""\
// Made by `tinydf compile`; do not edit.
// Model {plan.model_sha256}
// {len(plan.layers)} layers, {plan.macs} multiply-accumulates, {plan.weight_bytes} bytes of weights and tables,
// {plan.arena_bytes} bytes of arena (at least {plan.lower_bound} for these buffers). Target: {plan.target}.
#include "{stem(name)}.h"

{chr(10).join(f'#include "{header}"' for header in headers)}

#if defined(TINYDF_ARENA_BYTES)
_Static_assert((TINYDF_ARENA_BYTES) >= {stem(name).upper()}_ARENA_BYTES, "the arena is too small for this model");
#endif"""


def _layer(graph: Graph, placement: Placement, constants: Constants, number: int, layer: Layer, row: LayerPlan) -> str:
    prefix = f"layer_{number:03d}"
    lines = [_comment(row)]
    body = []
    for k, call in enumerate(layer.calls):
        suffix = f"_{k}" if len(layer.calls) > 1 else ""
        scratch = placement.scratch.get((number, k))
        if isinstance(call, Cascade):
            lines += _cascade(graph, placement, constants, prefix, scratch or 0, call)
            body.append(f"    tdf_run_cascade(&{prefix}_cascade, arena);")
            continue
        lines.append(_parameters(prefix + suffix, call, constants))
        body.append(f"    {_call(graph, placement, constants, prefix + suffix, scratch, call)}")
    lines.append("\n".join([f"static void {_function(number, row.name)}(uint8_t *arena) {{", *body, "}"]))
    return "\n".join(lines)


def _comment(row: LayerPlan) -> str:
    def shapes(tensors: Sequence[object]) -> str:
        return ", ".join("x".join(map(str, tensor.shape)) for tensor in tensors)  # type: ignore[attr-defined]

    cost = f"{row.macs} MACs, {row.weight_bytes} bytes of weights and tables"
    lines = [
        f"// {row.index} {row.operator} {printable(row.name)}",
        f"// {shapes(row.inputs)} -> {shapes(row.outputs)}; {cost}",
    ]
    if row.kept:
        lines.append(f"// A cascade in stripes of {row.stripe_rows} rows. Between its layers, rows kept at a time:")
        lines += [f"//     {kept.rows} of {shapes([kept])} {printable(kept.name)}" for kept in row.kept]
    return "\n".join(lines)


def _function(number: int, name: str) -> str:
    """A layer's C function: its number, and what of the model's own name an identifier can hold."""
    # Converters join the names of fused operators by semicolons, and write the scopes around each.
    own = re.sub(r"[^A-Za-z0-9]+", "_", name.split(";")[0])[-NAME_LENGTH:].strip("_")
    return f"run_{number:03d}_{own}".rstrip("_")


def printable(name: str) -> str:
    """A model's own name, safe within a C comment or string."""
    return re.sub(r"[^A-Za-z0-9_./:;,+\- ]", "_", name)


def _parameters(prefix: str, call: Call, constants: Constants) -> str:
    body = _fields(call.parameters, prefix, constants, 1)
    return "\n".join([f"static const {symbol(call.parameters.c_name)} {prefix}_parameters = {{", *body, "};"])


def _fields(record: Record, prefix: str, constants: Constants, depth: int) -> list[str]:
    lines = []
    indent = "    " * depth
    for name, value in record:
        if isinstance(value, Record):
            lines += [f"{indent}.{name} = {{", *_fields(value, prefix, constants, depth + 1), f"{indent}}},"]
        elif isinstance(value, Records):
            lines.append(f"{indent}.{name} = {constants.add_records(f'{prefix}_{name}', value)},")
        elif isinstance(value, np.ndarray):
            lines.append(f"{indent}.{name} = {constants.add(f'{prefix}_{name}', value)},")
        elif isinstance(value, Pointer):
            lines.append(f"{indent}.{name} = &{constants.add_struct(f'{prefix}_{name}', value.record)},")
        elif value is None:
            lines.append(f"{indent}.{name} = NULL,")
        elif isinstance(value, str):
            lines.append(f"{indent}.{name} = {symbol(value)},")
        elif isinstance(value, int):
            lines.append(f"{indent}.{name} = {_number(value)},")
        else:
            lines.append(f"{indent}.{name} = {{{', '.join(_number(int(v)) for v in value)}}},")
    return lines


def _call(
    graph: Graph, placement: Placement, constants: Constants, prefix: str, scratch: int | None, call: Call
) -> str:
    arguments = [f"&{prefix}_parameters"]
    for position, tensor in enumerate(call.inputs):
        if tensor is None:
            arguments.append("NULL")
            continue
        data = graph.tensors[graph.root(tensor)].data
        if data is None:
            arguments.append(f"(const int8_t *)(arena + {placement.of(graph, tensor)})")
        else:
            arguments.append(constants.add(f"{prefix}_input_{position}", data))
    arguments.append(f"(int8_t *)(arena + {placement.of(graph, call.output)})")
    if call.scratch_bytes is not None:
        arguments.append("NULL" if scratch is None else f"(int8_t *)(arena + {scratch})")
    return f"{call.kernel.symbol}({', '.join(arguments)});"


def _cascade(
    graph: Graph, placement: Placement, constants: Constants, prefix: str, scratch: int, cascade: Cascade
) -> list[str]:
    """The stripes of a cascade's layers, and the tables that tdf_run_cascade (cascade.h) goes by."""
    lines = []
    for k, stage in enumerate(cascade.stages):
        lines += [
            _parameters(f"{prefix}_{k}", stage.call, constants),
            _stripe(graph, constants, f"{prefix}_{k}", stage),
        ]
    tensors, offsets = tensors_of(graph, cascade), buffers(graph, cascade)
    rows = []
    for tensor in tensors:
        offset = scratch + offsets[tensor.root] if tensor.root in offsets else placement.tensors[tensor.root]
        numbers = (offset, tensor.row_bytes, tensor.height, tensor.rows, *[tensor.done] * 3, 0)
        rows.append(f"{{{', '.join(map(str, numbers))}}}, // {printable(graph.tensors[tensor.root].name)}")
    lines.append(_table("cascade_tensor", f"{prefix}_tensors", rows))
    number_of = {tensor.root: number for number, tensor in enumerate(tensors)}
    stages, reads = [], []
    for k, stage in enumerate(cascade.stages):
        stages.append(f"{{{prefix}_{k}_stripe, {len(stage.reads)}}},")
        for read in stage.reads:
            fields = (number_of[read.root], k, read.stride, read.padding_top, read.reach)
            reads.append(f"{{{', '.join(map(str, fields))}}},")
    lines += [_table("cascade_read", f"{prefix}_reads", reads), _table("cascade_stage", f"{prefix}_stages", stages)]
    numbers = (len(tensors), len(reads), len(stages), cascade.stripe_rows, scratch + kept_bytes(graph, cascade.kept))
    arrays = [f"{prefix}_{name}" for name in ("tensors", "reads", "stages")]
    return [*lines, f"static const tdf_cascade {prefix}_cascade = {{{', '.join([*arrays, *map(str, numbers)])}}};"]


def _table(kind: str, name: str, rows: Sequence[str]) -> str:
    return "\n".join([f"static const {symbol(kind)} {name}[{len(rows)}] = {{", *(f"    {row}" for row in rows), "};"])


def _stripe(graph: Graph, constants: Constants, prefix: str, stage: Stage) -> str:
    """A function that runs one layer's kernel on some rows."""
    call = stage.call
    arguments = ["&p"]
    last = len(stage.reads) - 1
    for position, tensor_id in enumerate(call.inputs):
        data = None if tensor_id is None else graph.tensors[graph.root(tensor_id)].data
        if data is not None:
            arguments.append(constants.add(f"{prefix}_input_{position}", data))
        else:
            arguments.append(
                "NULL" if tensor_id is None else f"s->inputs[{0 if position == stage.other_position else last}]"
            )
    arguments.append("s->output")
    if call.scratch_bytes is not None:
        arguments.append("s->scratch" if call.scratch_bytes else "NULL")
    if stage.rows_field:
        changes = [f"p.{stage.rows_field} = s->output_rows * {stage.row_count}u;"]
    else:
        names = {"input_height": "input_rows", "output_height": "output_rows", "padding_top": "padding_top"}
        changes = [f"p.window.{name} = s->{rows};" for name, rows in names.items()]
    body = [
        f"{symbol(call.parameters.c_name)} p = {prefix}_parameters;",
        *changes,
        f"{call.kernel.symbol}({', '.join(arguments)});",
    ]
    return "\n".join(
        [f"static TDF_COLD void {prefix}_stripe(const tdf_stripe *s) {{", *(f"    {line}" for line in body), "}"]
    )


def _tables(plan: Plan) -> str:
    layers = [_function(number, row.name) for number, row in enumerate(plan.layers)]
    names = [f'"{row.index} {row.operator} {printable(row.name)}"' for row in plan.layers]
    return f"""\
static const tdf_layer layers[] = {{
{chr(10).join(_rows(layers))}
}};

static const char *const layer_names[] = {{
{chr(10).join(_rows(names))}
}};"""


def _model(graph: Graph, plan: Plan, threshold_steps: int, name: str) -> str:
    digest = [f"0x{byte:02x}" for byte in bytes.fromhex(plan.model_sha256)]
    return f"""\
const tdf_model {stem(name)} = {{
    .name = "{name or stem(name)}",
    .sha256 =
        {{
{chr(10).join("        " + row for row in _rows(digest))}
        }},
    .input = {_tensor(graph, graph.inputs[0])},
    .output = {_tensor(graph, graph.outputs[0])},
    .input_offset = {plan.input.offset},
    .output_offset = {plan.output.offset},
    .arena_bytes = {plan.arena_bytes},
    .threshold_steps = {threshold_steps},
    .layer_count = {len(plan.layers)},
    .layers = layers,
    .layer_names = layer_names,
}};"""


def _tensor(graph: Graph, tensor_id: int) -> str:
    tensor = graph.tensors[tensor_id]
    assert tensor.quantisation is not None
    scale = np.format_float_scientific(np.float32(tensor.quantisation.scale), unique=True, trim="0")
    shape = ", ".join(map(str, tensor.shape))
    return (
        f"{{.rank = {len(tensor.shape)}, .shape = {{{shape}}}, .scale = {scale}f, "
        f".zero_point = {tensor.quantisation.zero_point}, .bytes = {tensor.count}}}"
    )


def emit_header(plan: Plan, name: str) -> str:
    """The text of the header beside `emit`'s."""
    macro = stem(name).upper()
    return f"""\
// Made by `tinydf compile`; do not edit.
// Model {plan.model_sha256}
#ifndef {macro}_H
#define {macro}_H

#include "tdf_model.h"

#if TDF_MODEL_VERSION != {MODEL_VERSION}
#error "{stem(name)} and another model were made by different versions of tinydf: make both by one"
#endif

#define {macro}_SHA256       "{plan.model_sha256}"
#define {macro}_ARENA_BYTES  {plan.arena_bytes}
#define {macro}_INPUT_BYTES  {plan.input.bytes}
#define {macro}_OUTPUT_BYTES {plan.output.bytes}

#ifdef __cplusplus
extern "C" {{
#endif

extern const tdf_model {stem(name)};

#ifdef __cplusplus
}}
#endif

#endif
"""
