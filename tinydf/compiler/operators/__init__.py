"""Lowerings, one family of operators a file; importing them fills the registry in `tinydf.compiler.lowering`."""

from tinydf.compiler.operators import activation, arithmetic, convolution, layout, pooling, resize, softmax

__all__ = ["activation", "arithmetic", "convolution", "layout", "pooling", "resize", "softmax"]
