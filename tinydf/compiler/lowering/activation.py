# SPDX-License-Identifier: Apache-2.0
"""Functions of one int8: each becomes a table of 256 bytes, computed here with TFLM's arithmetic."""

import math
from collections.abc import Callable

import numpy as np

from tinydf.compiler.ir.calls import Layer
from tinydf.compiler.ir.fixed_point import (
    Values,
    divide_by_power,
    input_radius,
    logistic,
    quantise_multiplier,
    requantise,
    round_half_away,
    tanh,
)
from tinydf.compiler.ir.graph import Quantisation
from tinydf.compiler.lowering.context import Context, lowers, quantised_value
from tinydf.compiler.lowering.table import int8_values, table_layer

INTEGER_BITS = 4


def _edges(context: Context) -> tuple[Quantisation, Quantisation]:
    return context.quantised(context.input(0)), context.quantised(context.output)


def _single(first: float, second: float) -> float:
    """A quotient in float32, which is where TFLM takes it."""
    return float(np.float32(first) / np.float32(second))


def _scaled(context: Context, function: Callable[[Values, int], Values]) -> tuple[Values, Values]:
    """`function` of the input in Q4.27; and where the input is out of range, the sign of that."""
    source = context.quantised(context.input(0))
    fraction, shift = math.frexp(source.scale * (1 << (31 - INTEGER_BITS)))
    multiplier = round_half_away(fraction * (1 << 31))
    if not 0 <= shift <= 30 or multiplier >= 1 << 31:
        raise context.operator.error(f"the input's scale {source.scale} is out of range")
    values = int8_values() - source.zero_point
    radius = input_radius(INTEGER_BITS, shift)
    beyond = np.where(values >= radius, 1, np.where(values <= -radius, -1, 0))
    return function(requantise(np.where(beyond != 0, 0, values), multiplier, shift), INTEGER_BITS), beyond


@lowers("LOGISTIC")
def logistic_table(context: Context) -> Layer:
    """1 / (1 + exp(-x)); the output has zero point -128 and scale 1/256."""
    _, output = _edges(context)
    if output.zero_point != -128:
        raise context.operator.error(f"its output has zero point {output.zero_point}, expected -128")
    result, beyond = _scaled(context, logistic)
    table = divide_by_power(result, 23) - 128
    return table_layer(context, np.where(beyond != 0, beyond * 128, table))


@lowers("TANH")
def tanh_table(context: Context) -> Layer:
    """tanh(x); the output has zero point 0 and scale 1/128."""
    _edges(context)
    result, beyond = _scaled(context, tanh)
    return table_layer(context, np.where(beyond != 0, beyond * 128, divide_by_power(result, 24)))


@lowers("HARD_SWISH")
def hard_swish_table(context: Context) -> Layer:
    """x * min(max(x + 3, 0), 6) / 6 in 16-bit fixed point."""
    source, output = _edges(context)
    hires_scale = float(np.float32(1.0 / 128.0) * np.float32(source.scale))
    output_multiplier, output_shift = _multiplier_16(_single(hires_scale, output.scale))
    relu_multiplier, relu_shift = _multiplier_16(_single(hires_scale, float(np.float32(3.0) / np.float32(32768.0))))
    if output_shift > 0:
        raise context.operator.error("its output scale is far below its input scale")
    if relu_shift > 31:
        raise context.operator.error(f"the input's scale {source.scale} is out of range")
    values = (int8_values() - source.zero_point) << 7
    values = values.astype(np.int16).astype(np.int64)
    on_output_scale = _multiply_high_16(values, output_multiplier)
    relu = values
    if relu_shift > 0:
        relu = _saturate_16(relu << (relu_shift - 1))
    relu = _multiply_high_16(relu, relu_multiplier)
    if relu_shift > 0:
        relu = _saturate_16(relu << 1)
    if relu_shift < 0:
        relu = divide_by_power(relu, min(-relu_shift, 31))
    relu = (relu + (1 << 15)) >> 1
    product = relu * on_output_scale
    truncated = np.sign(product) * (np.abs(product) >> 15)
    return table_layer(context, divide_by_power(truncated, min(-output_shift, 31)) + output.zero_point)


def _multiplier_16(real: float) -> tuple[int, int]:
    multiplier, shift = quantise_multiplier(real)
    return (0x7FFF if multiplier >= 0x7FFF0000 else (multiplier + (1 << 15)) >> 16), shift


def _multiply_high_16(values: Values, multiplier: int) -> Values:
    return (values * multiplier + (1 << 14)) >> 15


def _saturate_16(values: Values) -> Values:
    return np.clip(values, -(1 << 15), (1 << 15) - 1)


@lowers("RELU", "RELU6", "RELU_N1_TO_1")
def relu_table(context: Context) -> Layer:
    """Clamps at real 0, and at 6 or +-1; rescales where the two scales differ."""
    source, output = _edges(context)
    values = int8_values()
    if context.operator.kind == "RELU":
        multiplier, shift = quantise_multiplier(_single(source.scale, output.scale))
        values = requantise(values - source.zero_point, multiplier, shift) + output.zero_point
        return table_layer(context, np.maximum(values, max(-128, quantised_value(0.0, output))))
    # TFLM clamps by the input's scale and does not rescale.
    low, high = (0.0, 6.0) if context.operator.kind == "RELU6" else (-1.0, 1.0)
    return table_layer(
        context, np.clip(values, max(-128, quantised_value(low, source)), min(127, quantised_value(high, source)))
    )


@lowers("LEAKY_RELU")
def leaky_relu_table(context: Context) -> Layer:
    """x, or alpha * x where it is negative."""
    source, output = _edges(context)
    alpha = np.float32(context.operator.options["alpha"])
    negative = float(np.float32(source.scale) * alpha / np.float32(output.scale))
    if not math.isfinite(negative):
        raise context.operator.error("alpha is not a number")
    values = int8_values() - source.zero_point
    slope_multiplier, slope_shift = quantise_multiplier(abs(negative))
    multiplier, shift = quantise_multiplier(_single(source.scale, output.scale))
    below = requantise(values, slope_multiplier, slope_shift) * (1 if negative >= 0 else -1)
    above = requantise(values, multiplier, shift)
    return table_layer(context, np.where(values >= 0, above, below) + output.zero_point)


@lowers("QUANTIZE")
def requantise_table(context: Context) -> Layer:
    """From one int8 scale to another."""
    source, output = _edges(context)
    multiplier, shift = quantise_multiplier(source.scale / output.scale)
    return table_layer(context, requantise(int8_values() - source.zero_point, multiplier, shift) + output.zero_point)
