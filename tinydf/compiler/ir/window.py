# SPDX-License-Identifier: Apache-2.0
"""Windows that slide over an image: sizes, strides and padding, and how far an output may overlap the image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.overlap import Overlap
from tinydf.compiler.ir.records import I16, U8, U16, Record


@dataclass(frozen=True)
class Window(Record, c="window"):
    """A window that slides over an image; what lies outside the image counts as padding."""

    input_height: U16
    input_width: U16
    output_height: U16
    output_width: U16
    kernel_height: U8
    kernel_width: U8
    stride_y: U8
    stride_x: U8
    dilation_y: U8
    dilation_x: U8
    padding_top: I16
    padding_left: I16

    @property
    def leaves_image(self) -> bool:
        """Whether some position of the window lies partly outside the image."""
        bottom = (
            (self.output_height - 1) * self.stride_y - self.padding_top + (self.kernel_height - 1) * self.dilation_y
        )
        right = (self.output_width - 1) * self.stride_x - self.padding_left + (self.kernel_width - 1) * self.dilation_x
        return self.padding_top > 0 or self.padding_left > 0 or bottom >= self.input_height or right >= self.input_width

    def overlap(self, input_channels: int, output_channels: int, pixels_at_once: int, reads_first: bool) -> Overlap:
        """How the output may overlap the input, if windows are worked through in order.

        Args:
            input_channels, output_channels: bytes of a pixel.
            pixels_at_once: outputs that are written together.
            reads_first: whether their windows have all been read when the first of them is written; such kernels
                can also go backward.
        """
        count = self.output_height * self.output_width
        start = np.arange(0, count, pixels_at_once)
        end = np.minimum(start + pixels_at_once, count)
        first = self._first_needed(input_channels)
        forward = int((end * output_channels - first[end if reads_first else start]).max())
        last = self._last_needed(input_channels)
        backward = int((last[start] - start * output_channels).max())
        return Overlap(max(forward, 0), max(backward, 0) if reads_first else None)

    def _first_needed(self, channels: int) -> NDArray[np.int64]:
        """For each output, and beyond the last, the first byte of the input that it or a later one reads."""
        count = self.output_height * self.output_width
        position = np.arange(count, dtype=np.int64)
        top = np.maximum(position // self.output_width * self.stride_y - self.padding_top, 0)
        left = np.maximum(position % self.output_width * self.stride_x - self.padding_left, 0)
        first = np.append(top * self.input_width + left, self.input_height * self.input_width) * channels
        return np.minimum.accumulate(first[::-1])[::-1]

    def _last_needed(self, channels: int) -> NDArray[np.int64]:
        """For each output, and beyond the last, where the input ends that the ones before it read."""
        count = self.output_height * self.output_width
        position = np.arange(count, dtype=np.int64)
        bottom = position // self.output_width * self.stride_y - self.padding_top
        bottom = np.minimum(bottom + (self.kernel_height - 1) * self.dilation_y, self.input_height - 1)
        right = position % self.output_width * self.stride_x - self.padding_left
        right = np.minimum(right + (self.kernel_width - 1) * self.dilation_x, self.input_width - 1)
        last = (np.maximum(bottom, 0) * self.input_width + np.maximum(right, 0) + 1) * channels
        return np.append(0, np.maximum.accumulate(last))

    @property
    def is_pointwise(self) -> bool:
        """Whether each output pixel reads just the input pixel in the same row and column."""
        same_size = (self.input_height, self.input_width) == (self.output_height, self.output_width)
        return same_size and (self.kernel_height, self.kernel_width, self.stride_y, self.stride_x) == (1, 1, 1, 1)

    @property
    def is_whole_image(self) -> bool:
        """Whether the only output reads the whole image, once and in order."""
        size, kernel = (self.input_height, self.input_width), (self.kernel_height, self.kernel_width)
        plain = (self.dilation_y, self.dilation_x, self.padding_top, self.padding_left) == (1, 1, 0, 0)
        return (self.output_height, self.output_width) == (1, 1) and size == kernel and plain


def image_of_pixels(count: int) -> Window:
    """`count` pixels in a row, each worked on alone."""
    return Window(1, count, 1, count, 1, 1, 1, 1, 1, 1, 0, 0)
