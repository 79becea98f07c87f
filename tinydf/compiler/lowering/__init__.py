# SPDX-License-Identifier: Apache-2.0
"""Lowerings, one family of operators a file; importing them fills the registry of `lowering.context`."""

from tinydf.compiler.lowering import activation, arithmetic, convolution, layout, pooling, resize, softmax

__all__ = ["activation", "arithmetic", "convolution", "layout", "pooling", "resize", "softmax"]
