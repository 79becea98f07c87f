# SPDX-License-Identifier: Apache-2.0
"""TFLM's fixed-point arithmetic, bit for bit, on NumPy int64 arrays that hold int32 values.

Follows gemmlowp's fixedpoint.h and TFLite's quantization_util.cc (double rounding). The C kernels do at inference
what `requantise` does here; the tables of activations and of softmax are computed here, at compile time.
"""

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.int64]

INT32_MAX = (1 << 31) - 1
INT32_MIN = -(1 << 31)


def quantise_multiplier(real: float) -> tuple[int, int]:
    """A positive factor as (multiplier in Q0.31, shift): real = multiplier * 2^(shift - 31).

    Factors below 2^-32 or so become zero, as in TFLM.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def round_half_away(value: float) -> int:
    """Round to nearest, a half away from zero, as C's round()."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def wrap(values: Values) -> Values:
    """Keep the low 32 bits, as a signed number."""
    return values.astype(np.int64).astype(np.int32).astype(np.int64)


def multiply_high(values: Values, multiplier: int) -> Values:
    """values * multiplier / 2^31, rounded to nearest, a half upwards (SaturatingRoundingDoublingHighMul)."""
    return (values * multiplier + (1 << 30)) >> 31


def multiply_fixed(first: Values, second: Values) -> Values:
    """Elementwise `multiply_high`."""
    return (first * second + (1 << 30)) >> 31


def divide_by_power(values: Values, exponent: int) -> Values:
    """values / 2^exponent, rounded to nearest, a half away from zero (RoundingDivideByPOT)."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (values < 0)
    return (values >> exponent) + ((values & mask) > threshold)


def saturating_shift_left(values: Values, bits: int) -> Values:
    """values * 2^bits, held to the range of int32."""
    return np.clip(values << bits, INT32_MIN, INT32_MAX)


def requantise(values: Values, multiplier: int, shift: int) -> Values:
    """TFLM's MultiplyByQuantizedMultiplier: values * multiplier * 2^(shift - 31), rounded twice."""
    left, right = max(shift, 0), max(-shift, 0)
    return divide_by_power(multiply_high(wrap(values << left), multiplier), right)


_EXP_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
# exp(-2^k) in Q0.31 for k = -2 ... 4.
_EXP_POWERS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}


def _exp_quarter(values: Values) -> Values:
    """exp of Q0.31 values in [-1/4, 0), by a fourth-order polynomial about -1/8."""
    x = values + (1 << 28)
    x2 = multiply_fixed(x, x)
    x3 = multiply_fixed(x2, x)
    x4 = multiply_fixed(x2, x2)
    tail = divide_by_power(multiply_high(divide_by_power(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + multiply_high(x + tail, _EXP_MINUS_EIGHTH)


def exp_on_negative(values: Values, integer_bits: int) -> Values:
    """exp of values <= 0 in Q(integer_bits), as Q0.31."""
    fractional = 31 - integer_bits
    quarter = 1 << (fractional - 2)
    reduced = (values & (quarter - 1)) - quarter
    result = _exp_quarter(saturating_shift_left(reduced, integer_bits))
    remainder = reduced - values
    for power, factor in _EXP_POWERS.items():
        if integer_bits > power:
            bit = (remainder >> (fractional + power)) & 1
            result = np.where(bit != 0, multiply_high(result, factor), result)
    return np.where(values == 0, INT32_MAX, result)


def _newton_reciprocal(values: Values) -> Values:
    """2 / (1 + x) for Q0.31 x in [0, 1], as Q2.29: three Newton-Raphson steps."""
    half_denominator = (values + INT32_MAX + 1) >> 1
    estimate = 1515870810 + multiply_high(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - multiply_fixed(half_denominator, estimate)
        estimate = estimate + saturating_shift_left(multiply_fixed(estimate, error), 2)
    return estimate


def logistic(values: Values, integer_bits: int) -> Values:
    """1 / (1 + exp(-x)) of Q(integer_bits) values, as Q0.31."""
    positive = saturating_shift_left(_newton_reciprocal(exp_on_negative(-np.abs(values), integer_bits)), 1)
    result = np.where(values > 0, positive, INT32_MAX - positive)
    return np.where(values == 0, 1 << 30, result)


def tanh(values: Values, integer_bits: int) -> Values:
    """tanh of Q(integer_bits) values, as Q0.31."""
    exponential = exp_on_negative(-np.abs(values), integer_bits + 1)  # the same bits, read as twice the value
    magnitude = saturating_shift_left(_newton_reciprocal(exponential) - (1 << 29), 2)
    return np.sign(values) * magnitude


def input_radius(integer_bits: int, shift: int) -> int:
    """The largest input that does not overflow Q(integer_bits) after scaling (CalculateInputRadius)."""
    return math.floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << shift))
