"""Windows that slide over an image: sizes, strides and padding, checked."""

from dataclasses import dataclass

from tinydf.compiler.graph import Tensor
from tinydf.compiler.lowering import Context, Field
from tinydf.compiler.schema import PADDING_SAME


@dataclass(frozen=True)
class Window:
    """The C struct `window`, field by field."""

    input_height: int
    input_width: int
    output_height: int
    output_width: int
    kernel_height: int
    kernel_width: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    padding_top: int
    padding_left: int

    @property
    def fields(self) -> dict[str, Field]:
        """The struct's fields."""
        return dict(vars(self))

    @property
    def leaves_image(self) -> bool:
        """Whether some position of the window lies partly outside the image."""
        bottom = (
            (self.output_height - 1) * self.stride_y - self.padding_top + (self.kernel_height - 1) * self.dilation_y
        )
        right = (self.output_width - 1) * self.stride_x - self.padding_left + (self.kernel_width - 1) * self.dilation_x
        return self.padding_top > 0 or self.padding_left > 0 or bottom >= self.input_height or right >= self.input_width

    @property
    def is_pointwise(self) -> bool:
        """Whether each output pixel reads just the input pixel at its place."""
        return (self.kernel_height, self.kernel_width, self.stride_y, self.stride_x) == (1, 1, 1, 1)


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
    paddings = []
    for axis in range(2):
        size, result = source.shape[1 + axis], output.shape[1 + axis]
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        expected = -(-size // strides[axis]) if same else (size - extent + strides[axis]) // strides[axis]
        if result != expected or not size < 1 << 15:
            raise error(f"its output has size {result} where {expected} is right")
        paddings.append(max((result - 1) * strides[axis] + extent - size, 0) // 2)
    return Window(*source.shape[1:3], *output.shape[1:3], *kernel, *strides, *dilations, *paddings)
