# SPDX-License-Identifier: Apache-2.0
"""The ahead-of-time compiler: int8 .tflite to C that calls `firmware/kernels` (docs/explanation/compiler.md)."""

from tinydf.artefacts.plan import Plan
from tinydf.compiler.compile import Compiled, compile_model, write_compiled
from tinydf.compiler.targets import CORES, TARGETS, target_of

__all__ = ["CORES", "TARGETS", "Compiled", "Plan", "compile_model", "target_of", "write_compiled"]
