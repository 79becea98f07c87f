# SPDX-License-Identifier: Apache-2.0
"""Parameters of kernels as records: each dataclass is a C struct of `firmware/kernels`, field by field and in order.

`tests/compiler/ir/test_records.py` compares all of them with the headers.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class C:
    """How C declares a field: its type, and how many there are if it is an array."""

    type: str
    count: int = 0


U8 = Annotated[int, C("uint8_t")]
I8 = Annotated[int, C("int8_t")]
U16 = Annotated[int, C("uint16_t")]
I16 = Annotated[int, C("int16_t")]
U32 = Annotated[int, C("uint32_t")]
I32 = Annotated[int, C("int32_t")]
Bytes = Annotated[Array, C("const int8_t *")]
Halves = Annotated[Array, C("const int16_t *")]
Words = Annotated[Array, C("const int32_t *")]


class Record:
    """A C struct. A subclass names it: that of `class Fill(Record, c="fill_parameters")` is `tdf_fill_parameters`."""

    c_name: ClassVar[str] = ""
    """The struct's name without its prefix."""
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls, c: str = "") -> None:
        """Name the struct."""
        cls.c_name = c

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Names and values of the fields."""
        for field in dataclasses.fields(self):
            yield field.name, getattr(self, field.name)

    def get(self, field: str, kind: type[Kind]) -> Kind:
        """The value of a field by its name, which is of that type."""
        value = getattr(self, field)
        assert isinstance(value, kind)
        return value

    def having(self, **changes: object) -> Self:
        """This record with other values of some fields."""
        return dataclasses.replace(self, **changes)

    @classmethod
    def has(cls, field: str) -> bool:
        """Whether the struct has a field of that name."""
        return field in cls.__dataclass_fields__


@dataclass(frozen=True)
class Pointer:
    """A constant struct that a field points to."""

    record: Record


@dataclass(frozen=True)
class Records:
    """A constant array of structs whose fields are all int32: the struct, and int32 [structs, fields]."""

    record: type[Record]
    rows: NDArray[np.int32]


Value = int | str | None | Sequence[int] | Array | Pointer | Records | Record
"""A field's value, constant in C; a string names a function of `firmware/kernels`."""


@dataclass(frozen=True)
class CField:
    """One declaration of a C struct."""

    type: str
    name: str
    count: int = 0


def c_fields(record: type[Record]) -> list[CField]:
    """The declarations of a record's struct."""
    found = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        if get_origin(hint) is ClassVar or hint is ClassVar:
            continue
        if get_origin(hint) is Annotated:
            how = next(one for one in get_args(hint) if isinstance(one, C))
            found.append(CField(how.type, name, how.count))
        else:
            found.append(CField(f"tdf_{hint.c_name}", name))
    return found


def c_format(record: type[Record]) -> str:
    """How a struct of int32 is written in C, with a %d for each."""
    by_type = {f"tdf_{one.c_name}": one for one in subclasses(Record)}
    parts = []
    for field in c_fields(record):
        one = c_format(by_type[field.type]) if field.type in by_type else "%d"
        parts.append(f"{{{', '.join([one] * field.count)}}}" if field.count else one)
    return f"{{{', '.join(parts)}}}"


def subclasses(record: type[Record]) -> list[type[Record]]:
    """All records that are one, at any depth."""
    return [one for direct in record.__subclasses__() for one in (direct, *subclasses(direct))]
