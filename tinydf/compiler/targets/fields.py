"""What all targets share: replacing kernels call by call, and reading a call's parameters by their types."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.lowering import Call, Field, Layer
from tinydf.compiler.operators.window import Window

Array = NDArray[np.generic]
Kernels = Mapping[str, Callable[[Call], Call]]


def with_kernels(layers: list[Layer], kernels: Kernels) -> list[Layer]:
    """Layers whose calls are changed by what `kernels` has for them; others stay as they are."""
    return [replace(layer, calls=tuple(_changed(call, kernels) for call in layer.calls)) for layer in layers]


def _changed(call: Call, kernels: Kernels) -> Call:
    change = kernels.get(call.kernel)
    return call if change is None else change(call)


def round_up(value: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step


def integer(fields: Mapping[str, Field], name: str) -> int:
    """A parameter that is one number."""
    value = fields[name]
    assert isinstance(value, int)
    return value


def struct(fields: Mapping[str, Field], name: str) -> Mapping[str, Field]:
    """A parameter that has parameters of its own."""
    return cast(Mapping[str, Field], fields[name])


def array(fields: Mapping[str, Field], name: str) -> Array:
    """A parameter that is a table of numbers."""
    return cast(Array, fields[name])


def window_of(fields: Mapping[str, Field]) -> Window:
    """The parameter `window`."""
    of = struct(fields, "window")
    return Window(**{name: integer(of, name) for name in of})
