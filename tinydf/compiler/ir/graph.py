# SPDX-License-Identifier: Apache-2.0
"""The compiler's picture of a model: tensors and operators, in the order in which they run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tinydf.errors import TinydfError


@dataclass(frozen=True)
class Quantisation:
    """`real = (value - zero_point) * scale`, per tensor (one scale) or per slice along `dimension`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    dimension: int = 0

    @property
    def scale(self) -> float:
        """The scale, of a tensor that has one (float32 widened exactly)."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point, of a tensor that has one."""
        return self.zero_points[0]

    @property
    def per_channel(self) -> bool:
        """Whether slices have scales of their own."""
        return len(self.scales) > 1


@dataclass(frozen=True)
class Tensor:
    """A tensor: constant if it has data, else computed at inference (or given, for an input)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    quantisation: Quantisation | None = None
    data: NDArray[np.generic] | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


Option = int | float | bool


@dataclass(frozen=True)
class Operator:
    """One operator of the model; `index` is its position in the .tflite, which messages and names keep to."""

    index: int
    kind: str
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Option] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind})"

    def error(self, what: str) -> TinydfError:
        """What the compiler cannot do with this operator."""
        return TinydfError(f"{self}: {what}", "convert the model again, fully quantised to int8")


@dataclass(frozen=True)
class Graph:
    """A model.

    Args:
        tensors: all tensors; their position is their id, by which operators name them.
        operators: in the order in which they run.
        inputs, outputs: the model's edges.
        storage: tensors whose bytes are another tensor's (a reshape): tensor -> the tensor that holds the bytes.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    storage: Mapping[int, int] = field(default_factory=dict)

    def root(self, tensor: int) -> int:
        """The tensor that holds `tensor`'s bytes."""
        while tensor in self.storage:
            tensor = self.storage[tensor]
        return tensor

    def consumers(self, tensor: int) -> list[Operator]:
        """The operators that read `tensor`."""
        return [operator for operator in self.operators if tensor in operator.inputs]

    def with_tensors(self, changes: Mapping[int, Tensor]) -> Graph:
        """This graph with some tensors replaced."""
        tensors = tuple(changes.get(tensor_id, tensor) for tensor_id, tensor in enumerate(self.tensors))
        return replace(self, tensors=tensors)

    def without(self, removed: Iterable[Operator]) -> Graph:
        """This graph without some operators."""
        gone = {operator.index for operator in removed}
        return replace(self, operators=tuple(o for o in self.operators if o.index not in gone))
