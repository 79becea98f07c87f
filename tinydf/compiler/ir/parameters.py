"""Reading a call's parameters by their types."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Field
from tinydf.compiler.ir.window import Window

Array = NDArray[np.generic]


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
