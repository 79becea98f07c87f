# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX over the last axis."""

import math

import numpy as np

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.fixed_point import exp_on_negative, input_radius, multiply_high, quantise_multiplier, wrap
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import SOFTMAX, Softmax

INTEGER_BITS = 5
SUM_FRACTION_BITS = 19


@lowers("SOFTMAX")
def softmax(context: Context) -> Layer:
    """The exponentials of all differences that can occur become a table."""
    source, output = context.quantised(context.input(0)), context.quantised(context.output)
    if output.zero_point != -128 or output.scale != 1.0 / 256.0:
        raise context.operator.error("its output must have zero point -128 and scale 1/256")
    beta = float(context.operator.options["beta"])
    real = min(beta * source.scale * (1 << (31 - INTEGER_BITS)), float((1 << 31) - 1))
    if not math.isfinite(real) or real <= 1.0:
        raise context.operator.error(f"beta {beta} with input scale {source.scale} is out of range")
    multiplier, shift = quantise_multiplier(real)
    count = min(input_radius(INTEGER_BITS, shift), 255) + 1
    differences = -np.arange(count, dtype=np.int64)
    exponentials = exp_on_negative(multiply_high(wrap(differences << shift), multiplier), INTEGER_BITS)
    shape = context.input(0).shape
    if context.output.shape != shape or not shape:
        raise context.operator.error("input and output differ in shape")
    if shape[-1] >= 1 << (31 - SUM_FRACTION_BITS):
        raise context.operator.error(f"its depth {shape[-1]} may overflow 32 bits")
    call = Call(
        SOFTMAX,
        Softmax(
            rows=math.prod(shape[:-1]),
            depth=shape[-1],
            count=count,
            exponentials=exponentials.astype(np.int32),
        ),
        (context.input_id(0),),
        context.output_id,
        in_place=(0,),
    )
    return Layer(context.operator, (call,))
