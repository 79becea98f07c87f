# SPDX-License-Identifier: Apache-2.0
"""The window of a convolution or a pooling, checked."""

from tinydf.compiler.frontend.schema import PADDING_SAME
from tinydf.compiler.ir.graph import Tensor
from tinydf.compiler.ir.window import Window
from tinydf.compiler.lowering.context import Context


def window_of(context: Context, source: Tensor, output: Tensor, kernel_height: int, kernel_width: int) -> Window:
    """The window of a convolution or a pooling, after checking that the output has the size it gives."""
    error = context.operator.error
    if len(source.shape) != 4 or len(output.shape) != 4:
        raise error(f"shapes {list(source.shape)} -> {list(output.shape)}, expected images")
    if source.shape[0] != 1 or output.shape[0] != 1:
        raise error(f"a batch of {source.shape[0]}, expected 1")
    if max(source.shape[3], output.shape[3]) >= 1 << 15:
        raise error(f"{source.shape[3]} channels to {output.shape[3]} are out of range")
    options = context.operator.options
    strides = (context.option("stride_h"), context.option("stride_w"))
    dilations = (int(options.get("dilation_h", 1)), int(options.get("dilation_w", 1)))
    kernel = (kernel_height, kernel_width)
    for name, pair in (("stride", strides), ("dilation", dilations), ("kernel", kernel)):
        if not all(1 <= value <= 255 for value in pair):
            raise error(f"{name} {pair[0]}x{pair[1]} is out of range")
    same = context.option("padding") == PADDING_SAME
    # What a PAD before it asks for (passes/padding.py).
    given = [[int(options.get(f"pad_{side}", 0)) for side in sides] for sides in (("top", "bottom"), ("left", "right"))]
    paddings = []
    for axis in range(2):
        size, result = source.shape[1 + axis] + sum(given[axis]), output.shape[1 + axis]
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        expected = -(-size // strides[axis]) if same else (size - extent + strides[axis]) // strides[axis]
        if result != expected or not size < 1 << 15:
            raise error(f"its output has size {result} where {expected} is right")
        paddings.append(given[axis][0] + max((result - 1) * strides[axis] + extent - size, 0) // 2)
    return Window(*source.shape[1:3], *output.shape[1:3], *kernel, *strides, *dilations, *paddings)
