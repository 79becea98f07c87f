# SPDX-License-Identifier: Apache-2.0
"""RV32IMC (ESP32-C3): two products a multiplication, four output channels of four pixels at a time."""

from tinydf.compiler.targets.common import PLAIN
from tinydf.compiler.targets.rv32imc.select import KERNELS
from tinydf.compiler.targets.target import Target

TARGET = Target(name="rv32imc", features=frozenset({"rv32", "dsp"}), kernels=KERNELS, costs=PLAIN, cores=("rv32imc",))
