# SPDX-License-Identifier: Apache-2.0
"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: where each output reads is a table, computed here as TFLM does."""

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import RESIZE_BILINEAR, RESIZE_NEAREST, Resize

ONE = 1 << 10


def _sizes(context: Context) -> tuple[tuple[int, int], tuple[int, int], int]:
    """Heights and widths of input and output, and the channels."""
    source, output = context.input(0), context.output
    before, after = context.quantised(source), context.quantised(output)
    if len(source.shape) != 4 or len(output.shape) != 4 or source.shape[0] != 1 or before != after:
        raise context.operator.error(f"shapes {list(source.shape)} -> {list(output.shape)}, or two scales")
    if context.integers(1) != list(output.shape[1:3]) or source.shape[3] != output.shape[3]:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    if max(source.shape[1:] + output.shape[1:]) >= 1 << 15:
        raise context.operator.error("its shape is out of range")
    if context.operator.options["align_corners"] and context.operator.options["half_pixel_centers"]:
        raise context.operator.error("aligned corners and half-pixel centres exclude each other")
    return (source.shape[1], output.shape[1]), (source.shape[2], output.shape[2]), source.shape[3]


def _layer(context: Context, kernel: Kernel, parameters: Resize) -> Layer:
    return Layer(context.operator, (Call(kernel, parameters, (context.input_id(0),), context.output_id),))


def _nearest(context: Context, before: int, after: int) -> NDArray[np.int16]:
    """The input that each output is, in float32."""
    align = bool(context.operator.options["align_corners"])
    half = np.float32(0.5 if context.operator.options["half_pixel_centers"] else 0.0)
    single = np.float32
    scale = single(before - 1) / single(after - 1) if align and after > 1 else single(before) / single(after)
    positions = (np.arange(after, dtype=np.float32) + half) * scale
    rounded = np.floor(positions + single(0.5)) if align else np.floor(positions)
    return np.asarray(np.clip(rounded.astype(np.int64), 0, before - 1), dtype=np.int16)


@lowers("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest(context: Context) -> Layer:
    """Each output pixel is an input pixel."""
    heights, widths, channels = _sizes(context)
    return _layer(
        context,
        RESIZE_NEAREST,
        Resize(
            input_width=widths[0],
            output_height=heights[1],
            output_width=widths[1],
            channels=channels,
            rows=_nearest(context, *heights),
            columns=_nearest(context, *widths),
        ),
    )


def _between(context: Context, before: int, after: int) -> NDArray[np.int16]:
    """Two neighbouring inputs of each output, and how far it lies from the first, in 1024ths: int16 [after, 3]."""
    scale = (ONE * before + after // 2) // after
    if context.operator.options["align_corners"] and after > 1:
        scale = (ONE * (before - 1) + (after - 1) // 2) // (after - 1)
    positions = np.arange(after, dtype=np.int64) * scale
    if context.operator.options["half_pixel_centers"]:
        positions += scale // 2 - ONE // 2
    first = np.maximum(_divide(positions), 0)
    second = np.minimum(_divide(positions + ONE - 1), before - 1)
    if first.max() >= before:
        raise context.operator.error("rounding takes it beyond its input, as it would TFLM")
    return np.asarray(np.stack([first, second, positions - ONE * first], axis=1), dtype=np.int16)


def _divide(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Divide by 1024, towards zero, as C does."""
    return np.asarray(np.sign(values) * (np.abs(values) >> 10))


@lowers("RESIZE_BILINEAR")
def resize_bilinear(context: Context) -> Layer:
    """Each output pixel is a weighted mean of four input pixels, in integers."""
    heights, widths, channels = _sizes(context)
    return _layer(
        context,
        RESIZE_BILINEAR,
        Resize(
            input_width=widths[0],
            output_height=heights[1],
            output_width=widths[1],
            channels=channels,
            rows=_between(context, *heights),
            columns=_between(context, *widths),
        ),
    )
