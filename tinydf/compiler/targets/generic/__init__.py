# SPDX-License-Identifier: Apache-2.0
"""Plain C, for every machine."""

from tinydf.compiler.targets.common import PLAIN
from tinydf.compiler.targets.target import Target

TARGET = Target(
    name="generic",
    features=frozenset(),
    kernels={},
    costs=PLAIN,
    cores=("generic", "host", "cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m23", "xtensa-lx6", "xtensa-lx7"),
)
