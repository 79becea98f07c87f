# SPDX-License-Identifier: Apache-2.0
"""A network as a list of nodes over named tensors, in the order in which they run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tinydf.errors import TinydfError


@dataclass(frozen=True)
class Node:
    """One operation: what it reads, what it makes."""

    inputs: tuple[str, ...]
    output: str
    function: Callable[..., Tensor]


@dataclass(frozen=True)
class TorchGraph:
    """A network; tensors are float32 [batch, channels, height, width]."""

    nodes: list[Node]
    input: str
    output: str

    def __call__(self, images: Tensor) -> Tensor:
        """Run the network; each tensor is freed after its last use."""
        uses = Counter(name for node in self.nodes for name in node.inputs)
        values = {self.input: images}
        with torch.inference_mode():
            for node in self.nodes:
                values[node.output] = node.function(*(values[name] for name in node.inputs))
                for name in node.inputs:
                    uses[name] -= 1
                    if not uses[name]:
                        values.pop(name, None)
        return values[self.output]


class Numbers:
    """Raw little-endian numbers, taken from the front."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data = memoryview(data)
        self.what = what

    def take(self, count: int, dtype: torch.dtype = torch.float32, align: int = 1) -> Tensor:
        """The next `count` numbers as float32 [count], then skip to a multiple of `align` bytes.

        Raises:
            TinydfError: if fewer are left.
        """
        size = count * dtype.itemsize
        if size > len(self.data):
            raise TinydfError(f"{self.what} ends too early", "delete its package; it is fetched again")
        numbers = torch.frombuffer(bytearray(self.data[:size]), dtype=dtype)
        self.data = self.data[size + -size % align :]
        return numbers.to(torch.float32) if dtype.is_floating_point else numbers

    def end(self) -> None:
        """Raises TinydfError if numbers are left."""
        if len(self.data):
            raise TinydfError(f"{self.what} is {len(self.data)} bytes too long", "delete its package")
