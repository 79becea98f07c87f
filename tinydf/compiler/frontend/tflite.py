# SPDX-License-Identifier: Apache-2.0
"""Reads a .tflite, trusting none of its bytes.

A .tflite is a flatbuffer (https://flatbuffers.dev/internals) of the schema in TensorFlow's
`compiler/mlir/lite/schema/schema.fbs`. Every offset, size and count is checked against the file before it is followed,
every tensor index against the tensor list, and every scale, zero point and shape for sense, so that what leaves here
is a `Graph` that the compiler may believe, or a `TinydfError`.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.frontend.schema import DTYPES, NUMPY_DTYPES, OPERATORS, OPTIONS, OptionField
from tinydf.compiler.ir.graph import Graph, Operator, Option, Quantisation, Tensor
from tinydf.errors import TinydfError

MAXIMUM_BYTES = 1 << 28
# Operators that read what they left the time before; none is supported (passes/supported.py).
STATEFUL = ("LSTM", "RNN", "SVDF")
MAXIMUM_RANK = 8
MAXIMUM_DIMENSION = 1 << 24
MAXIMUM_ELEMENTS = 1 << 28
MAXIMUM_TENSORS = 1 << 16
NAME_BYTES = 256
MAXIMUM_SHARING = 16
SMALLEST_SCALE = 1e-20
IDENTIFIER = b"TFL3"

Item = TypeVar("Item")


def malformed(what: str) -> TinydfError:
    """The error for bytes that are not a well-formed model."""
    return TinydfError(f"not a valid .tflite: {what}", "the file is damaged or cut short; convert or copy it again")


@dataclass
class Bytes:
    """The file, read only within its bounds; all integers little-endian.

    `read` counts the bytes of all lists: a file whose lists share bytes could else make the reader do any work.
    """

    data: bytes
    read: int = 0

    def unpack(self, format: str, at: int) -> int | float:
        """One scalar of `struct` format `format` at byte `at`."""
        if at < 0 or at + struct.calcsize("<" + format) > len(self.data):
            raise malformed(f"an offset points to byte {at} of {len(self.data)}")
        value: int | float = struct.unpack_from("<" + format, self.data, at)[0]
        return value

    def integer(self, format: str, at: int) -> int:
        """One integer at byte `at`."""
        return int(self.unpack(format, at))

    def follow(self, at: int) -> int:
        """Where the unsigned offset stored at `at` leads."""
        return at + self.integer("I", at)

    def vector(self, at: int, item_bytes: int) -> tuple[int, int]:
        """First byte and count of the vector at `at`, wholly within the file."""
        count = self.integer("I", at)
        if at + 4 + count * item_bytes > len(self.data):
            raise malformed(f"a list of {count} items at byte {at} leaves the file")
        self.read += count * item_bytes
        if self.read > MAXIMUM_SHARING * len(self.data):
            raise malformed("its lists lie upon each other")
        return at + 4, count

    def array(self, at: int, dtype: str) -> NDArray[np.generic]:
        """The vector of numbers at `at`."""
        first, count = self.vector(at, np.dtype(dtype).itemsize)
        return np.frombuffer(self.data, dtype=dtype, count=count, offset=first)


class Table:
    """A flatbuffer table: fields by slot, absent ones read as their default."""

    def __init__(self, file: Bytes, at: int) -> None:
        self.file = file
        self.at = at
        self.vtable = at - file.integer("i", at)
        self.vtable_bytes = file.integer("H", self.vtable)
        if self.vtable_bytes < 4 or self.vtable_bytes % 2 or self.vtable + self.vtable_bytes > len(file.data):
            raise malformed(f"the table at byte {at} has no valid field list")

    def where(self, slot: int) -> int | None:
        """Byte of field `slot`, or None if it is absent."""
        entry = 4 + 2 * slot
        if entry + 2 > self.vtable_bytes:
            return None
        offset = self.file.integer("H", self.vtable + entry)
        return self.at + offset if offset else None

    def integer(self, slot: int, format: str, default: int = 0) -> int:
        """An integer field."""
        at = self.where(slot)
        return default if at is None else self.file.integer(format, at)

    def scalar(self, field: OptionField) -> Option:
        """An operator option."""
        at = self.where(field.slot)
        return field.default if at is None else type(field.default)(self.file.unpack(field.format, at))

    def array(self, slot: int, dtype: str) -> NDArray[np.generic] | None:
        """A field that is a vector of numbers, or None if it is absent."""
        at = self.where(slot)
        return None if at is None else self.file.array(self.file.follow(at), dtype)

    def integers(self, slot: int, dtype: str = "<i4") -> tuple[int, ...]:
        """A vector of integers, empty if it is absent."""
        array = self.array(slot, dtype)
        return () if array is None else tuple(array.tolist())

    def table(self, slot: int) -> "Table | None":
        """A field that is a table, or None if it is absent."""
        at = self.where(slot)
        return None if at is None else Table(self.file, self.file.follow(at))

    def tables(self, slot: int, read: Callable[["Table", int], Item]) -> list[Item]:
        """A vector of tables, each read by `read(table, index)`."""
        at = self.where(slot)
        if at is None:
            return []
        first, count = self.file.vector(self.file.follow(at), 4)
        if count > MAXIMUM_TENSORS:
            raise malformed(f"a list of {count} tables")
        return [read(Table(self.file, self.file.follow(first + 4 * index)), index) for index in range(count)]

    def text(self, slot: int) -> str:
        """A string field, cut at a sensible length."""
        at = self.where(slot)
        if at is None:
            return ""
        first, count = self.file.vector(self.file.follow(at), 1)
        return self.file.data[first : first + min(count, NAME_BYTES)].decode("utf-8", "replace")


def read_model(data: bytes) -> Graph:
    """Read a .tflite.

    Args:
        data: the file's bytes.

    Returns:
        The graph of its only subgraph, every reference in it checked.

    Raises:
        TinydfError: if the bytes are not a well-formed model, or use what no TFLite Micro model uses (several
            subgraphs, weights outside the flatbuffer, absurd sizes).
    """
    if len(data) < 8 or data[4:8] != IDENTIFIER:
        raise TinydfError("not a .tflite model: it does not have TFL3 at byte 4", "give a .tflite file")
    if len(data) > MAXIMUM_BYTES:
        raise malformed(f"{len(data)} bytes are more than any microcontroller's model")
    file = Bytes(data)
    model = Table(file, file.follow(0))
    if model.integer(0, "I") != 3:
        raise malformed(f"schema version {model.integer(0, 'I')}, expected 3")
    codes = model.tables(1, _operator_code)
    buffers = model.tables(4, _buffer)
    subgraphs = model.tables(2, lambda table, index: table)
    if len(subgraphs) != 1:
        raise TinydfError(f"the model has {len(subgraphs)} subgraphs, expected 1", "convert it without control flow")
    return _subgraph(subgraphs[0], codes, buffers)


def _operator_code(table: Table, index: int) -> str:
    # Codes up to 127 once stood in a byte; files since then fill both fields, the larger counts.
    code = max(table.integer(0, "b"), table.integer(3, "i"))
    if code == OPERATORS.index("CUSTOM"):
        return f"CUSTOM {table.text(1)!r}"
    if not 0 <= code < len(OPERATORS):
        return f"operator code {code}"
    return OPERATORS[code]


def _buffer(table: Table, index: int) -> NDArray[np.generic] | None:
    # Converters of large models may keep weights behind the flatbuffer; TFLM reads garbage there without a word.
    if table.integer(1, "Q") > 1 or table.integer(2, "Q") > 1:
        raise TinydfError(
            f"buffer {index} lies outside the flatbuffer", "write the model again with its weights inside it"
        )
    return table.array(0, "u1")


def _subgraph(table: Table, codes: list[str], buffers: list[NDArray[np.generic] | None]) -> Graph:
    tensors = table.tables(0, lambda item, index: _tensor(item, index, buffers))
    operators = table.tables(3, lambda item, index: _operator(item, index, codes, len(tensors)))
    graph = Graph(
        tuple(tensors),
        tuple(operators),
        _ids(table.integers(1), len(tensors), "the inputs"),
        _ids(table.integers(2), len(tensors), "the outputs"),
    )
    _check_sizes(graph)
    _check_order(graph)
    return graph


def _ids(values: tuple[int, ...], count: int, what: str) -> tuple[int, ...]:
    for value in values:
        if not 0 <= value < count:
            raise malformed(f"{what} speak of tensor {value} of {count}")
    return values


def _tensor(table: Table, index: int, buffers: list[NDArray[np.generic] | None]) -> Tensor:
    name = table.text(3) or f"tensor_{index}"
    shape = table.integers(0)
    if len(shape) > MAXIMUM_RANK or any(not 0 <= size <= MAXIMUM_DIMENSION for size in shape):
        raise malformed(f"tensor {index} ({name}) has shape {list(shape)}")
    if math.prod(shape) > MAXIMUM_ELEMENTS:
        raise malformed(f"tensor {index} ({name}) has {math.prod(shape)} elements")
    dtype = DTYPES.get(table.integer(1, "b"))
    if dtype is None:
        raise malformed(f"tensor {index} ({name}) has type {table.integer(1, 'b')}")
    buffer = table.integer(2, "I")
    if buffer >= max(len(buffers), 1):
        raise malformed(f"tensor {index} ({name}) speaks of buffer {buffer} of {len(buffers)}")
    raw = buffers[buffer] if buffers else None
    data = None if raw is None or not raw.size else _constant(raw, dtype, shape, index, name)
    return Tensor(name, dtype, shape, _quantisation(table.table(4), shape, index, name), data)


def _constant(
    raw: NDArray[np.generic], dtype: str, shape: tuple[int, ...], index: int, name: str
) -> NDArray[np.generic] | None:
    if dtype not in NUMPY_DTYPES:
        return raw
    expected = math.prod(shape) * np.dtype(NUMPY_DTYPES[dtype]).itemsize
    if raw.size != expected:
        raise malformed(f"tensor {index} ({name}) has {raw.size} bytes of data, its shape needs {expected}")
    return raw.view(NUMPY_DTYPES[dtype]).reshape(shape)


def _quantisation(table: Table | None, shape: tuple[int, ...], index: int, name: str) -> Quantisation | None:
    if table is None:
        return None
    scales = table.array(2, "<f4")
    zero_points = table.integers(3, "<i8")
    if scales is None or not scales.size or not zero_points:
        return None  # TFLM takes scales without zero points for none at all
    where = f"tensor {index} ({name})"
    values = [float(scale) for scale in scales.tolist()]
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise malformed(f"{where} has a scale that is not a positive number")
    if min(values) < SMALLEST_SCALE or max(values) > 1 / SMALLEST_SCALE:
        raise malformed(f"{where} has an absurd scale")
    if len(zero_points) != len(values):
        raise malformed(f"{where} has {len(values)} scales but {len(zero_points)} zero points")
    if any(not -(1 << 31) <= zero_point < 1 << 31 for zero_point in zero_points):
        raise malformed(f"{where} has a zero point out of range")
    dimension = table.integer(6, "i")
    if len(values) > 1 and not (0 <= dimension < len(shape) and shape[dimension] == len(values)):
        raise malformed(f"{where} has {len(values)} scales along axis {dimension} of shape {list(shape)}")
    return Quantisation(tuple(values), zero_points, dimension if len(values) > 1 else 0)


def _operator(table: Table, index: int, codes: list[str], tensors: int) -> Operator:
    code = table.integer(0, "I")
    if code >= len(codes):
        raise malformed(f"operator {index} has code {code} of {len(codes)}")
    kind = codes[code]
    inputs = table.integers(1)
    outputs = _ids(table.integers(2), tensors, f"the outputs of operator {index}")
    _ids(tuple(value for value in inputs if value != -1), tensors, f"the inputs of operator {index}")
    return Operator(
        index,
        kind,
        tuple(None if value == -1 else value for value in inputs),
        outputs,
        _options(table, kind, index),
    )


def _options(table: Table, kind: str, index: int) -> dict[str, Option]:
    expected = OPTIONS.get(kind)
    if expected is None:
        return {}
    options = table.table(4)
    if options is not None and table.integer(3, "B") != expected.union_type:
        raise malformed(f"operator {index} ({kind}) has another operator's options")
    if options is None:
        return {name: field.default for name, field in expected.fields.items()}
    return {name: options.scalar(field) for name, field in expected.fields.items()}


def _keeps_state(operator: Operator) -> bool:
    return any(kind in operator.kind for kind in STATEFUL)


def _check_sizes(graph: Graph) -> None:
    """No tensor is empty, but for what an operator with state notes beside its result."""
    operators = [operator for operator in graph.operators if not _keeps_state(operator)]
    used = {index for operator in operators for index in (*operator.inputs, *operator.outputs)}
    for index, tensor in enumerate(graph.tensors):
        if tensor.count == 0 and index in used.union(graph.inputs, graph.outputs):
            raise malformed(f"tensor {index} ({tensor.name}) has shape {list(tensor.shape)}")


def _check_order(graph: Graph) -> None:
    """Every tensor is written once, before it is read: no cycles, no reads of nothing."""
    known = set(graph.inputs) | {index for index, tensor in enumerate(graph.tensors) if tensor.data is not None}
    for operator in graph.operators:
        for index in operator.inputs:
            if index is not None and index not in known and not _keeps_state(operator):
                raise malformed(f"{operator} reads tensor {index}, which nothing has written yet")
        for index in operator.outputs:
            if index in known:
                raise malformed(f"{operator} writes tensor {index}, which has its value already")
            known.add(index)
    for index in graph.outputs:
        if index not in known:
            raise malformed(f"the model's output, tensor {index}, is never written")
    if not graph.inputs or not graph.outputs:
        raise malformed("the model has no input or no output")
