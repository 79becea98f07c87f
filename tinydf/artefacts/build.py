# SPDX-License-Identifier: Apache-2.0
"""`build.json` of a firmware directory: a firmware, what went into it, and what it takes."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_file

FILE = "build.json"
ELF = "firmware.elf"
BIN = "firmware.bin"
MAP = "firmware.map"
Engine = Literal["aot", "tflm"]
ArenaOrigin = Literal["given", "measured", "computed"]
"""Of TFLM's arena: by the user, by `tinydf arena` on the board, by its formulas."""
Sha256 = Field(pattern="^[0-9a-f]{64}$")


class Record(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SectionSize(Record):
    """A section: the region it runs in, and how many bytes of which flash it takes to put it there."""

    name: str
    region: str
    address: int
    bytes: int
    flash_bytes: int
    flash_region: str


class RegionSize(Record):
    """A memory: how much of it is taken, of how much."""

    name: str
    kind: str
    used_bytes: int
    bytes: int


class Sizes(Record):
    """A firmware's sizes in bytes.

    `flash_bytes` is all that is programmed; `static_ram_bytes` all that has its place in RAM when it is linked (code
    that runs there, variables), apart from the arena and the stack. A program of the host has no regions.
    """

    flash_bytes: int
    static_ram_bytes: int
    stack_bytes: int
    sections: tuple[SectionSize, ...]
    regions: tuple[RegionSize, ...]


class LinkedLibrary(Record):
    """The library that TFLM came in, as it was linked. `name` has its core, kernels and build."""

    path: str
    sha256: str = Sha256
    name: str
    arena_origin: ArenaOrigin


class Build(Sizes):
    """`build.json`: a firmware, what went into it, and what it takes.

    `build_id` is the SHA-256 of all that went in: firmware sources, the model and its generated C, the board's file,
    the compiler's version. The firmware answers it in HELLO. `arena_bytes` is the memory that the engine was given.
    """

    board: str
    engine: Engine
    model: str = Sha256
    sources: dict[str, str] = Field(description="SHA-256 of the export's files that the engine was built from")
    build_id: str = Sha256
    elf_sha256: str = Sha256
    bin_sha256: str = Sha256
    compiler: str
    arena_bytes: int
    arena_region: str
    export: str | None = Field(default=None, description="path of the export it was built from, from the build's")
    tflm: LinkedLibrary | None = Field(default=None, description="of the engine tflm: what it is linked with")


def read_build(directory: Path) -> Build:
    """Read a firmware directory, and check that its ELF file is the one that build.json speaks of.

    Raises:
        TinydfError: if a file is missing, or the ELF file is another one.
    """
    build = read_record(Build, directory / FILE, "tinydf build")
    elf = directory / ELF
    if not elf.is_file():
        raise TinydfError(f"{elf} does not exist", "build it with `tinydf build`")
    if sha256_file(elf) != build.elf_sha256:
        raise TinydfError(f"{elf} is not the file that {directory / FILE} speaks of", "build again with `tinydf build`")
    return build
