# SPDX-License-Identifier: Apache-2.0
"""`plan.json`: the memory plan and cost table of a compiled model."""

from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tinydf.files import read_record

FILE = "plan.json"


class TensorPlan(BaseModel):
    """A tensor in the arena; `index` is its id in the .tflite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    name: str
    shape: tuple[int, ...]
    offset: int
    bytes: int


class EdgePlan(TensorPlan):
    """The model's input or output: `real = (value - zero_point) * scale`."""

    scale: float
    zero_point: int


class KeptPlan(TensorPlan):
    """A tensor between two layers of a cascade: `rows` of its rows are there at a time, which take `bytes`."""

    rows: int


class LayerPlan(BaseModel):
    """One layer: the operator it stands for, its cost, and where its bytes are.

    A cascade is one layer with several operators; `kept` are the tensors between them, which are part of its scratch,
    and `stripe_rows` is how many rows of the output it makes at a time (older files call it `band`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    operator: str
    name: str
    kernels: tuple[str, ...]
    inputs: tuple[TensorPlan, ...]
    outputs: tuple[TensorPlan, ...]
    kept: tuple[KeptPlan, ...] = ()
    stripe_rows: int = Field(default=0, validation_alias=AliasChoices("stripe_rows", "band"))
    macs: int
    weight_bytes: int
    scratch_bytes: int
    moved_bytes: int


class Plan(BaseModel):
    """Everything known of a compiled model before it runs.

    `arena_bytes` is exact. `lower_bound` is the least that any placing of the same buffers needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    model_sha256: str
    target: str
    arena_bytes: int
    lower_bound: int
    macs: int
    weight_bytes: int
    input: EdgePlan
    output: EdgePlan
    layers: tuple[LayerPlan, ...]

    @property
    def optimal(self) -> bool:
        """Whether no placing of these buffers could be smaller."""
        return self.arena_bytes == self.lower_bound


def read_plan(export: Path) -> Plan:
    """Read an export's memory plan.

    Raises:
        TinydfError: if there is none, or it is damaged.
    """
    return read_record(Plan, export / FILE, "tinydf compile")
