# SPDX-License-Identifier: Apache-2.0
"""The DSP extension (Cortex-M4, M7, M33): two products an instruction, weights packed for it."""

from functools import partial

from tinydf.compiler.fusion.sums import fuse_sums
from tinydf.compiler.targets.armv7e_m.kernels import CONV_2D_DSP, POINTWISE_DSP
from tinydf.compiler.targets.armv7e_m.select import KERNELS, with_sum
from tinydf.compiler.targets.common import PLAIN
from tinydf.compiler.targets.element_wise import ADD_LINEAR
from tinydf.compiler.targets.target import Target

FUSIONS = (partial(fuse_sums, adder=ADD_LINEAR, makers=(POINTWISE_DSP, CONV_2D_DSP), join=with_sum),)

TARGET = Target(
    name="armv7e-m",
    features=frozenset({"dsp"}),
    kernels=KERNELS,
    costs=PLAIN,
    fusions=FUSIONS,
    cores=("cortex-m4", "cortex-m7", "cortex-m33"),
)
