# SPDX-License-Identifier: Apache-2.0
"""MVE, Helium (Cortex-M52, M55, M85): sixteen products an instruction; what it does not take, as Armv7E-M."""

from tinydf.compiler.targets import armv7e_m
from tinydf.compiler.targets.armv81m.select import KERNELS
from tinydf.compiler.targets.common import PLAIN
from tinydf.compiler.targets.target import Target, first_of

TARGET = Target(
    name="armv8.1-m",
    features=frozenset({"dsp", "mve"}),
    kernels=first_of(KERNELS, armv7e_m.TARGET.kernels),
    costs=PLAIN,
    fusions=armv7e_m.TARGET.fusions,
    cores=("cortex-m52", "cortex-m55", "cortex-m85"),
)
