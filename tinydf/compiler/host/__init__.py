# SPDX-License-Identifier: Apache-2.0
"""The compiled engine on this machine, and TFLM's interpreter beside it."""

from tinydf.compiler.host.engine import HostEngine

__all__ = ["HostEngine"]
