# SPDX-License-Identifier: Apache-2.0
"""Lifetimes of tensors in the arena, from the compiler's plan."""

from pydantic import BaseModel, ConfigDict

from tinydf.artefacts.plan import Plan, TensorPlan
from tinydf.compiler.ir.liveness import lifetimes


class Box(BaseModel):
    """Bytes of the arena that hold one tensor from the first layer that writes it to the last that reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    offset: int
    bytes: int
    first: int
    last: int


def boxes(plan: Plan) -> list[Box]:
    """Where each tensor lives, and when: in steps, one a layer; the model's input is there before the first."""
    known: dict[str, TensorPlan] = {plan.input.name: plan.input}
    steps = []
    for layer in plan.layers:
        reads = [_name(tensor, known) for tensor in layer.inputs]
        written = {tensor.name: tensor for tensor in (*layer.kept, *layer.outputs)}
        known |= written
        steps.append((reads, list(written)))
    return [
        Box(name=name, offset=known[name].offset, bytes=known[name].bytes, first=life.first, last=life.last)
        for name, life in lifetimes([plan.input.name], steps).items()
    ]


def _name(tensor: TensorPlan, known: dict[str, TensorPlan]) -> str:
    """The tensor's name; where it is another shape of one that was written to these bytes, that one's."""
    if tensor.name in known:
        return tensor.name
    bytes_ = (tensor.offset, tensor.bytes)
    return next((name for name, one in reversed(known.items()) if (one.offset, one.bytes) == bytes_), tensor.name)
