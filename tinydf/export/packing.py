# SPDX-License-Identifier: Apache-2.0
"""A smaller .tflite with the same content: vectors of numbers that are equal are written once.

Each channel of each convolution has a zero point of eight bytes for its weight and another for its bias, all of them 0:
in a network of many narrow layers that is a fifth of the file. FlatBuffers may point to one vector from several places.
"""

from typing import Any

from flatbuffers import Builder

LARGEST_ALIGNMENT = 16


class SharingBuilder(Builder):  # type: ignore[misc]
    """Writes a vector of numbers only where no equal one has been written; vectors of bytes, tensors' data, always."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[int, bytes], int] = {}
        self._before = 0
        self._element_bytes = 0
        self._has_offsets = False

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        self._before, self._element_bytes, self._has_offsets = self.Offset(), elemSize, False
        # TFLite aligns tensors' data for the largest SIMD loads.
        started: int = super().StartVector(elemSize, numElems, LARGEST_ALIGNMENT if elemSize == 1 else alignment)
        return started

    def PrependUOffsetTRelative(self, off: int) -> None:
        self._has_offsets = True  # they count from where they stand, so that equal bytes mean other things elsewhere
        super().PrependUOffsetTRelative(off)

    def EndVector(self, numElems: int | None = None) -> int:
        count = self.vectorNumElems
        place: int = super().EndVector(numElems)
        if self._has_offsets or self._element_bytes == 1:
            return place
        start = self.Head()
        content = bytes(self.Bytes[start : start + 4 + count * self._element_bytes])
        first = self._written.setdefault((self._element_bytes, content), place)
        if first != place:
            self.head = len(self.Bytes) - self._before
        return first


def pack(model: Any) -> bytes:
    """A model (TensorFlow's `schema_py_generated.ModelT`) as the bytes of a .tflite."""
    builder = SharingBuilder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
