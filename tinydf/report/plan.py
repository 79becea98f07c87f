"""Lifetimes of tensors in the arena, from the compiler's plan."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.compiler.plan import FILE, Plan, TensorPlan
from tinydf.files import read_model


class Box(BaseModel):
    """Bytes of the arena that hold one tensor from the first layer that writes it to the last that reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    offset: int
    bytes: int
    first: int
    last: int


def read_plan(export: Path) -> Plan:
    """Read an export's memory plan.

    Raises:
        TinydfError: if there is none, or it is damaged.
    """
    return read_model(Plan, export / FILE, "tinydf compile")


def boxes(plan: Plan) -> list[Box]:
    """Where each tensor lives, and when: in steps, one a layer; the model's input is there before the first."""
    lives: dict[str, tuple[TensorPlan, int, int]] = {plan.input.name: (plan.input, -1, -1)}
    for step, layer in enumerate(plan.layers):
        for tensor in layer.inputs:
            name = tensor.name if tensor.name in lives else _reshaped(tensor, lives)
            held, first, _ = lives.get(name, (tensor, step, step))
            lives[name] = (held, first, step)
        lives |= {tensor.name: (tensor, step, step) for tensor in (*layer.kept, *layer.outputs)}
    return [
        Box(name=name, offset=tensor.offset, bytes=tensor.bytes, first=first, last=last)
        for name, (tensor, first, last) in lives.items()
    ]


def _reshaped(tensor: TensorPlan, lives: dict[str, tuple[TensorPlan, int, int]]) -> str:
    """The last tensor that was written to these bytes, of which `tensor` is another shape; itself if there is none."""
    place = (tensor.offset, tensor.bytes)
    return next(
        (name for name, (one, _, _) in reversed(lives.items()) if (one.offset, one.bytes) == place), tensor.name
    )
