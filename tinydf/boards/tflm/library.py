# SPDX-License-Identifier: Apache-2.0
"""The user's libtensorflow-microlite.a: which core it is for, with which kernels, and where its headers are.

The core is read from the build attributes of its members (Addenda to the Arm ABI, section 3.3: build attributes).
"""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from tinydf.boards.board import Board
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes

NAME = "libtensorflow-microlite.a"
HEADER = Path("tensorflow/lite/micro/micro_interpreter.h")
MAGIC = b"!<arch>\n"
MEMBER_HEADER_BYTES = 60
DOCS = "see docs/how-to/tflm.md"
Kernels = Literal["cmsis_nn", "reference"]

# Tag_CPU_arch of an M-profile core without a name of its own in Tag_CPU_name, with Tag_FP_arch: the core that has both.
ARCHITECTURES = {
    (11, 0): "cortex-m0",
    (12, 0): "cortex-m0",
    (10, 0): "cortex-m3",
    (13, 0): "cortex-m4 or cortex-m7 without its FPU",
    (13, 6): "cortex-m4",
    (13, 8): "cortex-m7",
    (17, 0): "cortex-m33 without its FPU",
    (17, 8): "cortex-m33",
    (21, 8): "cortex-m55",
}


@dataclass(frozen=True)
class Library:
    """A library that TFLM was built into.

    Attributes:
        path: of the archive.
        sha256: of the archive.
        core: the core that its code is for, or "x86-64" and its like.
        hard_float: whether its calls pass floats in registers, which must be as the firmware's do.
        kernels: whether CMSIS-NN's kernels are in it.
        asserts: whether its assertions are (no BUILD_TYPE=release).
        messages: whether its messages are.
    """

    path: Path
    sha256: str
    core: str
    hard_float: bool
    kernels: Kernels
    asserts: bool
    messages: bool

    def __str__(self) -> str:
        """Core, kernels and build in at most 63 characters of ASCII, as HELLO has them."""
        build = "asserts" if self.asserts else "release, messages" if self.messages else "release"
        return f"{self.core[:24]}, {self.kernels}, {build}"


@dataclass(frozen=True)
class Tree:
    """A tflite-micro tree: a checkout, or what its create_tflm_tree.py wrote."""

    root: Path

    @property
    def includes(self) -> tuple[Path, ...]:
        """Directories of the headers: TFLM's own, and those of the libraries that they include."""
        generated = self.root / "third_party"
        inside = (generated / "flatbuffers" / "include").is_dir()
        third = generated if inside else self.root / "tensorflow/lite/micro/tools/make/downloads"
        return self.root, third / "flatbuffers" / "include", third / "gemmlowp", third / "ruy"

    @property
    def libraries(self) -> list[Path]:
        """The archives in it: where upstream's make puts them, or else at the top of a generated tree."""
        return sorted(self.root.glob(f"gen/*/lib/{NAME}")) or sorted(
            [*self.root.glob("*.a"), *self.root.glob("lib/*.a")]
        )


def find_tree() -> Tree:
    """The tree that TFLM_ROOT names.

    Raises:
        TinydfError: if it names none.
    """
    root = os.environ.get("TFLM_ROOT", "")
    if not root:
        raise TinydfError("the engine tflm needs a built tflite-micro tree", f"set TFLM_ROOT to it; {DOCS}")
    if not (Path(root) / HEADER).is_file():
        raise TinydfError(f"TFLM_ROOT is no tflite-micro tree: {root} has no {HEADER}", DOCS)
    return Tree(Path(root).absolute())


def choose(board: Board, tree: Tree, given: Path | None = None) -> Library:
    """The library for a board's core.

    Args:
        board: the board.
        tree: where to look.
        given: the user's choice, which must fit too.

    Raises:
        TinydfError: if there is none, several, or only such as are for other cores.
    """
    if given is not None:
        library = read_library(given)
        if problem := _problem(library, board):
            raise TinydfError(f"{given} {problem}", f"{_make_command(board)}; {DOCS}")
        return library
    found = [read_library(path) for path in tree.libraries]
    fitting = [one for one in found if not _problem(one, board)]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        names = ", ".join(str(one.path.relative_to(tree.root)) for one in fitting)
        raise TinydfError(
            f"{len(fitting)} libraries for {board.core.name} in {tree.root}: {names}", "give --tflm-library"
        )
    if not found:
        raise TinydfError(
            f"no library has been built in {tree.root}", f"{_make_command(board)}, or give --tflm-library; {DOCS}"
        )
    problems = "; ".join(f"{one.path.relative_to(tree.root)} {_problem(one, board)}" for one in found)
    raise TinydfError(problems, f"{_make_command(board)}; {DOCS}")


def check_board(board: Board) -> None:
    """Refuse a board that TFLM cannot be built for, before anything is looked for.

    Raises:
        TinydfError: names the core.
    """
    if board.hosted or board.core.name.startswith("cortex-m"):
        return
    raise TinydfError(
        f"{board.name}: the engine tflm is for Arm boards and this computer: {board.core.name} has no C++ library here",
        "use --engine aot, which gives the same bytes",
    )


def _make_command(board: Board) -> str:
    if board.hosted:
        return "build it with `make -f tensorflow/lite/micro/tools/make/Makefile microlite`"
    arch = f"{board.core.name}+fp" if board.core.name in {"cortex-m4", "cortex-m7"} else board.core.name
    return f"build it with TARGET=cortex_m_generic TARGET_ARCH={arch} OPTIMIZED_KERNEL_DIR=cmsis_nn"


def _problem(library: Library, board: Board) -> str:
    """Why the library is not for the board; empty if it is."""
    if board.hosted:
        return f"is for {library.core}, not for this computer" if "cortex" in library.core else ""
    if library.core != board.core.name:
        return f"is for {library.core}, and {board.name} has a {board.core.name}"
    if library.hard_float != ("-mfloat-abi=hard" in board.toolchain.flags):
        return "passes floats in other registers than the firmware (-mfloat-abi)"
    return ""


def read_library(path: Path) -> Library:
    """Read an archive's members.

    Raises:
        TinydfError: if it is no archive of objects, or its members are for several cores.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TinydfError(f"{path}: {error.strerror}", "give --tflm-library") from None
    cores: dict[str, bool] = {}
    undefined: set[str] = set()
    defined: set[str] = set()
    for name, member in _members(data, path):
        try:
            elf = ELFFile(io.BytesIO(member))
            core, hard_float = _core(elf)
            cores[core] = hard_float or cores.get(core, False)
            for symbol in elf.get_section_by_name(".symtab").iter_symbols():
                (undefined if symbol["st_shndx"] == "SHN_UNDEF" else defined).add(symbol.name)
        except (ELFError, AttributeError, KeyError, UnicodeDecodeError):
            raise TinydfError(f"{path}: its member {name} is no object file", "build it again") from None
    if not any("MicroInterpreter" in one for one in defined):
        raise TinydfError(f"{path} is no TFLM library: it has no MicroInterpreter", f"build it; {DOCS}")
    if len(cores) > 1:
        raise TinydfError(f"{path} has members for {' and '.join(sorted(cores))}", "build it again for one core")
    ((core, hard_float),) = cores.items()
    return Library(
        path=path.absolute(),
        sha256=sha256_bytes(data),
        core=core,
        hard_float=hard_float,
        kernels="cmsis_nn" if any(one.startswith("arm_convolve") for one in defined) else "reference",
        asserts=bool(undefined & {"__assert_func", "__assert_fail"}),
        messages=any("MicroPrintf" in one for one in defined),
    )


def _members(data: bytes, path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the objects in an archive, System V or BSD."""
    if not data.startswith(MAGIC):
        raise TinydfError(f"{path} is no static library", f"give {NAME}")
    at, long_names = len(MAGIC), b""
    while at + MEMBER_HEADER_BYTES <= len(data):
        header = data[at : at + MEMBER_HEADER_BYTES]
        try:
            size = int(header[48:58])
        except ValueError:
            raise TinydfError(f"{path} is damaged at byte {at}", "build it again") from None
        name = header[:16].decode("ascii", "replace").rstrip()
        content = data[at + MEMBER_HEADER_BYTES : at + MEMBER_HEADER_BYTES + size]
        at += MEMBER_HEADER_BYTES + size + size % 2
        if name == "//":
            long_names = content
        elif name not in {"/", "/SYM64/", "__.SYMDEF"}:
            if name.startswith("/") and name[1:].isdigit():
                name = long_names[int(name[1:]) :].partition(b"/")[0].decode("ascii", "replace")
            yield name.rstrip("/"), content


def _core(elf: ELFFile) -> tuple[str, bool]:
    """The core that an object is for, and whether its calls pass floats in registers."""
    attributes = elf.get_section_by_name(".ARM.attributes")
    if attributes is None:
        return str(elf.get_machine_arch()).replace("x64", "x86-64"), False
    tags = {
        attribute.tag: attribute.value
        for subsection in attributes.iter_subsections()
        for part in subsection.iter_subsubsections()
        for attribute in part.iter_attributes()
    }
    hard_float = tags.get("TAG_ABI_VFP_ARGS", 0) == 1
    name = str(tags.get("TAG_CPU_NAME", "")).lower()
    if name.startswith("cortex-"):
        return name, hard_float
    architecture, unit = tags.get("TAG_CPU_ARCH", 0), tags.get("TAG_FP_ARCH", 0)
    return ARCHITECTURES.get((architecture, unit), f"Arm architecture {name or architecture}"), hard_float
