# SPDX-License-Identifier: Apache-2.0
"""The emulator's C: compiled with the host's compiler when first used, kept in the cache by the hash of its sources."""

import ctypes
import logging
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tinydf.errors import TinydfError
from tinydf.files import atomic_path, sha256_bytes
from tinydf.resources import cache_directory

logger = logging.getLogger(__name__)

SOURCES = Path(__file__).parent / "native"
UNICORN = "libunicorn.2.dylib" if sys.platform == "darwin" else "libunicorn.so.2"
FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra")


class Status(ctypes.Structure):
    """`machine_status` of native/core/machine.h."""

    _fields_ = (
        ("instructions", ctypes.c_uint64),
        ("received", ctypes.c_uint64),
        ("sent", ctypes.c_uint64),
        ("overruns", ctypes.c_uint64),
        ("dropped", ctypes.c_uint64),
        ("resets", ctypes.c_uint32),
        ("watchdog_resets", ctypes.c_uint32),
        ("core_hz", ctypes.c_uint32),
        ("kernel_hz", ctypes.c_uint32),
        ("baud", ctypes.c_uint32),
        ("wait_states", ctypes.c_uint32),
        ("ready", ctypes.c_uint32),
        ("outcome", ctypes.c_uint32),
        ("program_counter", ctypes.c_uint32),
        ("link_register", ctypes.c_uint32),
        ("supply", ctypes.c_char * 32),
        ("message", ctypes.c_char * 256),
    )


class Write(ctypes.Structure):
    """`register_write` of native/core/machine.h."""

    _fields_ = (("address", ctypes.c_uint32), ("value", ctypes.c_uint32))


def library() -> ctypes.CDLL:
    """The compiled emulator, with the types of its functions set.

    Raises:
        TinydfError: if there is no C compiler, or it fails.
    """
    import unicorn

    home = Path(unicorn.__file__).parent
    sources = sorted(SOURCES.rglob("*.[ch]"))
    inputs = [*(path.read_bytes() for path in sources), unicorn.__version__.encode(), str(home).encode()]
    target = cache_directory("emulator") / f"machine-{sha256_bytes(b'|'.join(inputs))[:16]}.so"
    if not target.exists():
        compile_machine([path for path in sources if path.suffix == ".c"], home, target)
    return load(target)


def compile_machine(sources: list[Path], unicorn_home: Path, target: Path, flags: Iterable[str] = ()) -> None:
    """Compile C files to a shared library `target`, with further flags for the compiler.

    Raises:
        TinydfError: if there is no C compiler, or it fails.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise TinydfError("the emulator needs a C compiler", "apt-get install gcc libc6-dev")
    with atomic_path(target) as aside:
        command = [
            *(compiler, *FLAGS, *flags, f"-I{unicorn_home / 'include'}", f"-I{SOURCES}", *map(str, sources)),
            *(str(unicorn_home / "lib" / UNICORN), f"-Wl,-rpath,{unicorn_home / 'lib'}", "-o", str(aside)),
        ]
        logger.debug("%s", shlex.join(command))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TinydfError(f"the emulator does not compile: {done.stderr.strip().splitlines()[-1]}")


def load(library: Path) -> ctypes.CDLL:
    """The emulator that was compiled to `library`, with the types of its functions set."""
    native = ctypes.CDLL(str(library))
    machine, word = ctypes.c_void_p, ctypes.c_uint32
    native.machine_create.argtypes = [ctypes.c_char_p, word, word, ctypes.c_int]
    native.machine_create.restype = machine
    native.machine_add_memory.argtypes = [machine, word, word, ctypes.c_bool]
    native.machine_add_alias.argtypes = [machine, word, word]
    native.machine_add_peripheral.argtypes = [machine, ctypes.c_char_p, ctypes.c_char_p, word, word, word, word]
    native.machine_set_initial.argtypes = [machine, word, word]
    native.stm32_set_serial.argtypes = [machine, *[word] * 5]
    native.stm32_set_supply.argtypes = [machine, word, ctypes.c_char_p, word, ctypes.POINTER(word), word]
    native.stm32_set_pll.argtypes = [machine, *[word] * 4]
    native.stm32_set_bus_limit.argtypes = [machine, word, word]
    native.machine_load.argtypes = [machine, word, ctypes.c_char_p, word]
    native.machine_start.argtypes = [machine]
    native.machine_run.argtypes = [machine]
    native.machine_run.restype = None
    native.machine_stop.argtypes = [machine]
    native.machine_stop.restype = None
    native.machine_look.argtypes = [machine]
    native.machine_look.restype = ctypes.POINTER(Status)
    native.machine_writes.argtypes = [machine, ctypes.POINTER(word)]
    native.machine_writes.restype = ctypes.POINTER(Write)
    native.machine_destroy.argtypes = [machine]
    native.machine_destroy.restype = None
    return native
