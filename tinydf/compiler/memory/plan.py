# SPDX-License-Identifier: Apache-2.0
"""The memory plan and cost table of a compiled model, as `plan.json` holds them (tinydf/artefacts/plan.py)."""

from collections.abc import Sequence

import numpy as np

from tinydf.artefacts.plan import EdgePlan, KeptPlan, LayerPlan, Plan, TensorPlan
from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.cascade import Cascade, buffer_bytes, buffers
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.records import Pointer, Record, Records, Value
from tinydf.compiler.memory.placement import Placement


def make_plan(graph: Graph, layers: Sequence[Layer], placement: Placement, model_sha256: str, target: str) -> Plan:
    """The plan of a placed model."""

    def tensor(tensor_id: int) -> TensorPlan:
        item = graph.tensors[tensor_id]
        return TensorPlan(
            index=tensor_id, name=item.name, shape=item.shape, offset=placement.of(graph, tensor_id), bytes=item.count
        )

    def edge(tensor_id: int) -> EdgePlan:
        quantisation = graph.tensors[tensor_id].quantisation
        assert quantisation is not None
        fields = tensor(tensor_id).model_dump()
        return EdgePlan(**fields, scale=quantisation.scale, zero_point=quantisation.zero_point)

    def kept(call: Call, scratch: int) -> tuple[KeptPlan, ...]:
        if not isinstance(call, Cascade):
            return ()
        return tuple(
            KeptPlan(
                index=tensor_id,
                name=graph.tensors[tensor_id].name,
                shape=graph.tensors[tensor_id].shape,
                offset=scratch + offset,
                bytes=buffer_bytes(graph, tensor_id, call.kept[tensor_id]),
                rows=call.kept[tensor_id],
            )
            for tensor_id, offset in buffers(graph, call).items()
        )

    rows = []
    for number, layer in enumerate(layers):
        operators = layer.operators
        written = list(dict.fromkeys(call.output for call in layer.calls))
        given = dict.fromkeys(
            tensor_id for call in layer.calls for tensor_id in call.tensors if tensor_id not in written
        )
        read = [tensor_id for tensor_id in given if graph.tensors[graph.root(tensor_id)].data is None]
        weight_bytes = sum(_constant_bytes(graph, call) for call in layer.calls)
        call = layer.calls[0]
        between = kept(call, placement.scratch.get((number, 0), 0))
        moved = sum(
            graph.tensors[tensor_id].count for tensor_id in (*read, *written, *(2 * [t.index for t in between]))
        )
        rows.append(
            LayerPlan(
                index=layer.operator.index,
                operator="+".join(operator.kind for operator in operators),
                name=graph.tensors[operators[-1].outputs[0]].name,
                kernels=tuple(part.kernel.name for call in layer.calls for part in call.parts),
                inputs=tuple(tensor(tensor_id) for tensor_id in read),
                outputs=tuple(tensor(tensor_id) for tensor_id in written),
                kept=between,
                stripe_rows=call.stripe_rows if isinstance(call, Cascade) else 0,
                macs=layer.macs,
                weight_bytes=weight_bytes,
                scratch_bytes=max(call.scratch_bytes or 0 for call in layer.calls),
                moved_bytes=weight_bytes + moved,
            )
        )
    return Plan(
        model_sha256=model_sha256,
        target=target,
        arena_bytes=placement.arena_bytes,
        lower_bound=placement.lower_bound,
        macs=sum(row.macs for row in rows),
        weight_bytes=sum(row.weight_bytes for row in rows),
        input=edge(graph.inputs[0]),
        output=edge(graph.outputs[0]),
        layers=tuple(rows),
    )


def _constant_bytes(graph: Graph, call: Call) -> int:
    """Bytes of the constants that a call reads."""
    inputs = sum(
        graph.tensors[tensor_id].count
        for tensor_id in call.tensors
        if graph.tensors[graph.root(tensor_id)].data is not None
    )
    return inputs + sum(_array_bytes(part.parameters) for part in call.parts)


def _array_bytes(value: Value) -> int:
    if isinstance(value, Records):
        return int(value.rows.nbytes)
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, Pointer):
        return _array_bytes(value.record)
    if isinstance(value, Record):
        return sum(_array_bytes(one) for _, one in value)
    return 0
