# SPDX-License-Identifier: Apache-2.0
"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.fixed_point import quantise_multiplier
from tinydf.compiler.ir.graph import Tensor
from tinydf.compiler.ir.window import Window, image_of_pixels
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import (
    CONV_2D,
    DEPTHWISE_CONV_2D,
    POINTWISE,
    Conv2D,
    DepthwiseConv2D,
    Pointwise,
    Requantisation,
)
from tinydf.compiler.lowering.window import window_of


@dataclass(frozen=True)
class Filter:
    """Weights of a layer with what turns its sums into outputs."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    requantisation: Requantisation


@lowers("CONV_2D")
def conv_2d(context: Context) -> Layer:
    """Lower to `pointwise` (a 1x1 kernel with stride 1), `depthwise_conv_2d` (groups of one channel) or `conv_2d`."""
    source, output = context.input(0), context.output
    weights = _weights(context, 4)
    filters, height, width, depth = weights.shape
    window, weights = _within_image(window_of(context, source, output, height, width), weights)
    channels = source.shape[3]
    if channels % depth or filters % (channels // depth) or output.shape[3] != filters:
        raise context.operator.error(f"weights {list(weights.shape)} do not fit {channels} input channels")
    parts = _filter(context, weights, filters)
    macs = output.count * height * width * depth
    if window.is_pointwise and depth == channels:
        return _pointwise(context, parts, window.output_height * window.output_width, channels, macs)
    if window.is_whole_image and depth == channels:
        return _pointwise(context, parts, 1, source.count, macs)
    if depth == 1 and channels > 1:
        return Layer(context.operator, (_depthwise(context, window, np.moveaxis(weights, 0, 3), parts),), macs)
    call = Call(
        CONV_2D,
        Conv2D(
            window=window,
            input_channels=channels,
            output_channels=filters,
            groups=channels // depth,
            padding_value=context.quantised(source).zero_point,
            weights=parts.weights,
            bias=parts.bias,
            requantisation=parts.requantisation,
        ),
        (context.input_id(0),),
        context.output_id,
        scratch_bytes=channels if window.leaves_image else 0,
        overlap=window.overlap(channels, filters, 1, reads_first=False),
    )
    return Layer(context.operator, (call,), macs)


@lowers("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(context: Context) -> Layer:
    """Lower to `depthwise_conv_2d`."""
    source, output = context.input(0), context.output
    weights = _weights(context, 4)
    one, height, width, channels = weights.shape
    window, weights = _within_image(window_of(context, source, output, height, width), weights)
    multiplier = context.option("depth_multiplier")
    if one != 1 or multiplier < 1 or channels != source.shape[3] * multiplier or output.shape[3] != channels:
        raise context.operator.error(f"weights {list(weights.shape)} do not fit {source.shape[3]} input channels")
    parts = _filter(context, np.moveaxis(weights, 3, 0), channels)
    call = _depthwise(context, window, weights, parts)
    return Layer(context.operator, (call,), output.count * height * width)


def _within_image(window: Window, weights: NDArray[np.int8]) -> tuple[Window, NDArray[np.int8]]:
    """Leave out the first and last taps that lie outside the image wherever the window is: they add nothing.

    Before: a 1x9 kernel over an image [59, 1], padded by four columns on each side
    After:  a 1x1 kernel, the fifth of the nine taps, without padding

    Args:
        window: of the convolution.
        weights: int8 [., height, width, .].
    """
    w = window
    rows = _taps_inside(w.input_height, w.output_height, w.kernel_height, w.stride_y, w.dilation_y, w.padding_top)
    columns = _taps_inside(w.input_width, w.output_width, w.kernel_width, w.stride_x, w.dilation_x, w.padding_left)
    window = replace(
        w,
        kernel_height=len(rows),
        kernel_width=len(columns),
        padding_top=w.padding_top - rows.start * w.dilation_y,
        padding_left=w.padding_left - columns.start * w.dilation_x,
        # What a single output, or a single tap, does not use.
        stride_y=w.stride_y if w.output_height > 1 else 1,
        stride_x=w.stride_x if w.output_width > 1 else 1,
        dilation_y=w.dilation_y if len(rows) > 1 else 1,
        dilation_x=w.dilation_x if len(columns) > 1 else 1,
    )
    return window, weights[:, rows.start : rows.stop, columns.start : columns.stop]


def _taps_inside(size: int, outputs: int, taps: int, stride: int, dilation: int, padding: int) -> range:
    """The taps along one axis that lie within the image for some output; the first is not beyond the padding."""
    places = np.arange(outputs)[:, np.newaxis] * stride - padding + np.arange(taps) * dilation
    inside = np.flatnonzero(((places >= 0) & (places < size)).any(axis=0))
    return range(min(int(inside[0]), padding // dilation), int(inside[-1]) + 1) if inside.size else range(taps)


def _depthwise(context: Context, window: Window, weights: NDArray[np.int8], parts: Filter) -> Call:
    """A call of `depthwise_conv_2d`; weights int8 [1, height, width, output channels]."""
    source, filters = context.input(0), weights.shape[3]
    channels = source.shape[3]
    return Call(
        DEPTHWISE_CONV_2D,
        DepthwiseConv2D(
            window=window,
            input_channels=channels,
            depth_multiplier=filters // channels,
            padding_value=context.quantised(source).zero_point,
            weights=np.ascontiguousarray(weights),
            bias=parts.bias,
            requantisation=parts.requantisation,
        ),
        (context.input_id(0),),
        context.output_id,
        scratch_bytes=channels if window.leaves_image else 0,
        overlap=window.overlap(channels, filters, 1, reads_first=False),
    )


@lowers("FULLY_CONNECTED")
def fully_connected(context: Context) -> Layer:
    """Lower to `pointwise`: one pixel a row of the input."""
    weights = _weights(context, 2)
    filters, depth = weights.shape
    if context.option("weights_format") != 0:
        raise context.operator.error("shuffled weights are not supported")
    rows = context.input(0).count // depth
    if rows * depth != context.input(0).count or context.output.count != rows * filters:
        raise context.operator.error(f"weights {list(weights.shape)} do not fit its input or output")
    zero_point = weights_zero_point(context)
    shifted = weights.astype(np.int32) - zero_point
    if np.abs(shifted).max() > 128 or shifted.max() > 127:
        raise context.operator.error(f"weights with zero point {zero_point} do not fit int8")
    parts = _filter(context, shifted.astype(np.int8), filters)
    return _pointwise(context, parts, rows, depth, rows * weights.size)


def _pointwise(context: Context, parts: Filter, pixels: int, depth: int, macs: int) -> Layer:
    call = Call(
        POINTWISE,
        Pointwise(
            pixels=pixels,
            input_channels=depth,
            output_channels=len(parts.bias),
            weights=parts.weights,
            bias=parts.bias,
            requantisation=parts.requantisation,
        ),
        (context.input_id(0),),
        context.output_id,
        overlap=image_of_pixels(pixels).overlap(depth, len(parts.bias), 1, reads_first=False),
    )
    return Layer(context.operator, (call,), macs)


def _weights(context: Context, rank: int) -> NDArray[np.int8]:
    tensor = context.input(1)
    data = context.constant(1)
    if tensor.dtype != "int8" or tensor.quantisation is None:
        raise context.operator.error(f"weights {tensor.name} are {tensor.dtype}, expected quantised int8")
    if data.ndim != rank or (rank == 4 and len(context.input(0).shape) != 4):
        raise context.operator.error(f"weights {tensor.name} have rank {data.ndim}, expected {rank}")
    return np.asarray(data, dtype=np.int8)


def weights_zero_point(context: Context) -> int:
    """Zero point of fully connected weights: TFLM honours one there (and only there) for old per-tensor models."""
    quantisation = context.input(1).quantisation
    assert quantisation is not None
    return 0 if quantisation.per_channel else quantisation.zero_point


def _filter(context: Context, weights: NDArray[np.int8], filters: int) -> Filter:
    """Fold the input's zero point into the bias, and scales into multipliers.

    Args:
        context: the operator.
        weights: int8, output channel first.
        filters: number of output channels.
    """
    source, output = context.quantised(context.input(0)), context.quantised(context.output)
    sums = weights.reshape(filters, -1).astype(np.int64).sum(axis=1)
    bias = _bias(context, filters) - source.zero_point * sums
    reach = np.abs(bias) + 128 * np.abs(weights.reshape(filters, -1).astype(np.int64)).sum(axis=1)
    if reach.max() >= 1 << 31:
        raise context.operator.error("its sums may overflow 32 bits")
    multipliers, shifts = _multipliers(context, filters)
    low, high = context.activation_range(context.output)
    requantisation = Requantisation(
        multiplier=multipliers,
        shift=shifts,
        zero_point=output.zero_point,
        low=low,
        high=high,
    )
    return Filter(np.ascontiguousarray(weights), bias.astype(np.int32), requantisation)


def _bias(context: Context, filters: int) -> NDArray[np.int64]:
    if len(context.operator.inputs) < 3 or context.operator.inputs[2] is None:
        return np.zeros(filters, dtype=np.int64)
    tensor: Tensor = context.input(2)
    data = context.constant(2)
    if tensor.dtype != "int32" or data.size != filters:
        raise context.operator.error(f"bias {tensor.name} is {tensor.dtype} {list(tensor.shape)}, expected int32")
    return data.reshape(-1).astype(np.int64)


def _multipliers(context: Context, filters: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    source, output = context.quantised(context.input(0)), context.quantised(context.output)
    weights = context.input(1).quantisation
    assert weights is not None
    if weights.per_channel and len(weights.scales) != filters:
        raise context.operator.error(f"{len(weights.scales)} weight scales for {filters} output channels")
    if not weights.per_channel and context.operator.kind == "FULLY_CONNECTED":
        # Only here does TFLM multiply the two scales in float32.
        product = float(np.float32(source.scale) * np.float32(weights.scale))
        factors = [product / output.scale] * filters
    else:
        factors = [source.scale * scale / output.scale for scale in weights.scales]
        factors = factors if weights.per_channel else factors * filters
    pairs = [quantise_multiplier(factor) for factor in factors]
    if any(shift > 30 for _, shift in pairs):
        raise context.operator.error("its scales are out of all proportion")
    multipliers, shifts = zip(*pairs, strict=True)
    return np.array(multipliers, dtype=np.int32), np.array(shifts, dtype=np.int8)
