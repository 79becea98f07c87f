"""The compiler's `plan.json`, as far as the report draws it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.files import read_model


class Tensor(BaseModel):
    """A tensor's place in the arena, and the first and last layer that need it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    offset: int
    bytes: int
    first: int
    last: int


class Layer(BaseModel):
    """One layer of the cost table."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    index: int
    operator: str
    name: str
    macs: int


class Plan(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    arena_bytes: int
    lower_bound: int
    layers: list[Layer]
    tensors: list[Tensor]


def read_plan(export: Path) -> Plan:
    """Read an export's memory plan.

    Raises:
        TinydfError: if there is none.
    """
    return read_model(Plan, export / "plan.json", "tinydf compile")
