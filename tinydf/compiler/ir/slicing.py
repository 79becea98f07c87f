# SPDX-License-Identifier: Apache-2.0
"""What STRIDED_SLICE means, for constants and for the plan alike."""

from tinydf.compiler.ir.graph import Operator


def strided_slices(
    operator: Operator, shape: tuple[int, ...], begin: list[int], end: list[int], strides: list[int]
) -> tuple[slice | int, ...]:
    """The index that picks a STRIDED_SLICE's output from a tensor of `shape`; an int where an axis is dropped.

    Raises:
        TinydfError: for masks that TFLM does not know, or strides of zero.
    """
    options = operator.options
    if options["ellipsis_mask"] or options["new_axis_mask"] or options["offset"]:
        raise operator.error("ellipsis, new axes and offsets are not supported")
    if not len(begin) == len(end) == len(strides) == len(shape):
        raise operator.error(f"begin, end and strides do not fit shape {list(shape)}")
    index: list[slice | int] = []
    for axis, size in enumerate(shape):
        if strides[axis] == 0:
            raise operator.error("a stride is 0")
        bit = 1 << axis
        first = None if int(options["begin_mask"]) & bit else begin[axis]
        last = None if int(options["end_mask"]) & bit else end[axis]
        whole = slice(first, last, strides[axis])
        if int(options["shrink_axis_mask"]) & bit:
            start = whole.indices(size)[0]
            if not 0 <= start < size:
                raise operator.error(f"it picks element {start} of {size}")
            index.append(start)
        else:
            index.append(whole)
    return tuple(index)
