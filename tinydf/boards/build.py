# SPDX-License-Identifier: Apache-2.0
"""Firmware for a board and a model: the board's CMake file and linker memories, the compiler, the sizes."""

import logging
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from tinydf import resources
from tinydf.artefacts.build import BIN, ELF, FILE, MAP, Build, Engine, LinkedLibrary, Sizes
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import MODEL, Manifest, read_export
from tinydf.artefacts.plan import read_plan
from tinydf.boards import board as boards
from tinydf.boards import esp_idf
from tinydf.boards.board import Board
from tinydf.boards.causes import HEAP, cause, puller, undefined
from tinydf.boards.sizes import defined_symbols, read_sizes
from tinydf.boards.tflm import setup
from tinydf.boards.tflm.library import check_board
from tinydf.boards.tflm.setup import Choice, Setup
from tinydf.errors import TinydfError
from tinydf.files import atomic_path, sha256_bytes, sha256_file, write_json, write_text

logger = logging.getLogger(__name__)

# What each engine reads from the export directory.
ENGINE_SOURCES: dict[str, tuple[str, ...]] = {
    "aot": ("model_aot.c", "model_aot.h", "plan.json"),
    "tflm": ("model_data.cc", "model_data.h", "op_resolver.h"),
}


def build(board_name: str, export: Path, out: Path, engine: Engine = "aot", choice: Choice | None = None) -> Build:
    """Build the firmware: `firmware.elf`, `.bin`, `.map` and `build.json` in `out`.

    A build that fails leaves the firmware that was there before.

    Args:
        board_name: the board.
        export: an export directory; if its model has not been compiled to C for the board's core yet, that is
            done first.
        out: where the firmware goes; the compiler's own files go to `out/cmake`, so that the next build is quick.
        engine: the compiled model ("aot") or TensorFlow Lite Micro ("tflm").
        choice: of library and arena; for tflm alone.

    Raises:
        TinydfError: if the board or export is unknown, a tool is missing, the model does not fit, or a compiler fails.
    """
    board = boards.load(board_name)
    if board.esp_idf and engine == "tflm":
        raise TinydfError(f"{board_name} is built by ESP-IDF, and runs the compiled engine alone", "use --engine aot")
    manifest = read_export(export)
    if engine == "tflm":
        check_board(board)  # before any tool is asked for
    compiler = _compiler_version(board)  # before the export's C is touched
    tflm = _prepare_engine(board, export, manifest, engine, choice)
    arena_bytes = tflm.arena_bytes if tflm else _planned_arena(export)
    region = _arena_region(board, arena_bytes, tflm)
    tree = out / "cmake"
    sources = _hashes(export, engine)
    linked = (tflm.library.sha256, arena_bytes) if tflm else None
    build_id = _build_id(board_name, export, engine, compiler, sources, linked)
    if board.esp_idf:
        sizes = _run_esp_idf(board, export, tree, build_id)
    else:
        _drop_foreign(tree, resources.FIRMWARE)
        write_settings(board, region, tree, tflm, boards.own_port(board_name))
        _run_cmake(board, export, tree, engine, build_id)
        if not board.hosted:
            _check_heap(tree, defined_symbols(tree / ELF, HEAP))
        sizes = read_sizes(tree / ELF, board)
    made = Build(
        board=board_name,
        engine=engine,
        model=manifest.chain.tflite,
        sources=sources,
        build_id=build_id,
        elf_sha256=sha256_file(tree / ELF),
        bin_sha256=sha256_file(tree / BIN),
        compiler=compiler,
        arena_bytes=arena_bytes,
        arena_region=region,
        export=os.path.relpath(export, out),
        tflm=_linked(tflm),
        **dict(sizes),
    )
    for name in (ELF, BIN, MAP):
        with atomic_path(out / name) as aside:
            shutil.copy(tree / name, aside)
    write_json(out / FILE, made)
    return made


def origin(directory: Path, made: Build | None) -> Path | None:
    """The export that a build came from, if it is still there."""
    if made is None or made.export is None:
        return None
    export = Path(os.path.normpath(directory / made.export))
    return export if (export / MANIFEST).is_file() else None


def is_current(made: Build, export: Path) -> bool:
    """Whether a build is what `build` would make of an export now, by the hashes of all that goes in.

    Where the compiler is not installed, or the export's C is for another core just now, these are taken to be as they
    were for the build.

    Raises:
        TinydfError: if the export is missing or damaged.
    """
    board = boards.load(made.board)
    read_export(export)
    try:
        compiler = _compiler_version(board)
    except TinydfError:
        compiler = made.compiler
    compiled = made.engine != "aot" or has_engine(export, board)
    sources = _hashes(export, made.engine) if compiled else made.sources
    return made.build_id == _build_id(made.board, export, made.engine, compiler, sources, _linked_now(made, export))


def _prepare_engine(
    board: Board, export: Path, manifest: Manifest, engine: Engine, choice: Choice | None
) -> Setup | None:
    """The engine's sources in the export; what TFLM is linked with, if it is that."""
    if engine == "tflm":
        return setup.prepare(board, export, manifest, choice or Choice())
    if choice is not None and choice != Choice():
        raise TinydfError("--arena and --tflm-library are for --engine tflm", "the arena of aot is its plan's, exactly")
    compile_engine(export, manifest, board)
    return None


def _linked(tflm: Setup | None) -> LinkedLibrary | None:
    if tflm is None:
        return None
    library = tflm.library
    return LinkedLibrary(path=str(library.path), sha256=library.sha256, name=str(library), arena_origin=tflm.origin)


def _linked_now(made: Build, export: Path) -> tuple[str, int] | None:
    """Library and arena that a build would get now; a library that is gone is taken to be the one that was linked."""
    if made.tflm is None:
        return None
    path = Path(made.tflm.path)
    digest = sha256_file(path) if path.is_file() else made.tflm.sha256
    figure = setup.read_figures(export, made.model).find(made.board, digest)
    measured = figure is not None and made.tflm.arena_origin != "given"
    return digest, figure.arena_bytes if figure is not None and measured else made.arena_bytes


def _compiler_version(board: Board) -> str:
    """The first line of the compiler's `--version`, after checking that all tools are there; ESP-IDF has its own."""
    if board.esp_idf:
        return esp_idf.version(board)
    for tool, install in (
        ("cmake", "apt-get install cmake"),
        ("ninja", "apt-get install ninja-build"),
        (f"{board.toolchain.prefix}gcc", board.toolchain.install),
    ):
        if shutil.which(tool) is None:
            raise TinydfError(f"{tool} is not installed", install)
    command = [f"{board.toolchain.prefix}gcc", "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def compile_engine(export: Path, manifest: Manifest, board: Board) -> None:
    """Make the engine's C in the export directory, if it has none, or if that calls another core's kernels.

    The host takes what is there: all kernels run everywhere.
    """
    from tinydf.compiler import compile_model, write_compiled

    if has_engine(export, board):
        return
    wanted = _target(board)
    logger.info("compiling %s to C for %s", export / MODEL, wanted)
    write_compiled(
        compile_model((export / MODEL).read_bytes(), manifest.decision.threshold_steps, target=wanted), export
    )


def has_engine(export: Path, board: Board) -> bool:
    """Whether an export has the engine's C, with kernels of the board's core; the host takes what is there."""
    if not all((export / name).is_file() for name in ENGINE_SOURCES["aot"]):
        return False
    return board.hosted or read_plan(export).target == _target(board)


def _target(board: Board) -> str:
    """Whose kernels the engine's C calls."""
    from tinydf.compiler import target_of
    from tinydf.compiler.compile import DEFAULT_TARGET

    return DEFAULT_TARGET if board.hosted else target_of(board.core.name).name


def _own_kernels(export: Path, engine: Engine) -> Path | None:
    """The folder of C files that the compiled model's target brings, if it is one of another package."""
    from tinydf.compiler.targets import target_named

    return target_named(read_plan(export).target).sources if engine == "aot" else None


def _planned_arena(export: Path) -> int:
    return read_plan(export).arena_bytes


def _arena_region(board: Board, arena_bytes: int, tflm: Setup | None) -> str:
    """The first of the board's arena regions in which the tensors fit; "-" on the host."""
    origin = f", {tflm.origin}; {tflm.library}" if tflm else ""
    if board.arena is None:
        return "-"
    for name in board.arena.regions:
        if arena_bytes <= board.memory[name].for_arena:
            logger.info("arena of %s bytes in %s%s", arena_bytes, name, origin)
            return name
    largest = max(board.memory[name].for_arena for name in board.arena.regions)
    raise TinydfError(
        f"the model needs an arena of {arena_bytes} bytes, and {board.name} has {largest} in one piece",
        "choose a smaller model or input" + (", or a smaller --arena" if tflm and tflm.origin != "measured" else ""),
    )


def _drop_foreign(tree: Path, sources: Path) -> None:
    """CMake refuses a tree that was moved or copied here, or that is of sources elsewhere: start over."""
    cache = tree / "CMakeCache.txt"
    if not cache.is_file():
        return
    text = cache.read_text(encoding="utf-8", errors="replace")
    of_this = f"CMAKE_CACHEFILE_DIR:INTERNAL={tree.resolve()}\n" in text
    if not of_this or f"CMAKE_HOME_DIRECTORY:INTERNAL={sources.resolve()}\n" not in text:
        shutil.rmtree(tree)


def write_settings(
    board: Board, arena_region: str, tree: Path, tflm: Setup | None = None, own_port: Path | None = None
) -> None:
    """What CMake needs of the board: `board.cmake` and the linker's `memory.ld`; untouched if they say the same."""
    definitions = [f"TINYDF_CLOCK_HZ={board.core.clock_hz}u", f'TINYDF_BOARD_NAME=\\"{board.name}\\"']
    if board.core.external_clock_hz:
        definitions.append(f"TINYDF_HSE_HZ={board.core.external_clock_hz}u")
    if board.uart:
        definitions.append(f"TINYDF_UART_BAUD={board.uart.baud}u")
    settings = {
        "TINYDF_BOARD": board.name,
        "TINYDF_PORT": board.port,
        **({"TINYDF_PORT_DIR": f'"{own_port}"'} if own_port else {}),
        "TINYDF_CPU_FLAGS": " ".join(board.toolchain.flags),
        "TINYDF_TOOLCHAIN_PREFIX": board.toolchain.prefix,
        "TINYDF_LINKER_DIR": '"${CMAKE_CURRENT_LIST_DIR}"',
        "TINYDF_DEFINITIONS": " ".join(definitions),
        "TINYDF_ARENA_REGION": arena_region,
        **(setup.cmake(tflm) if tflm else {}),
    }
    if tflm:
        _write_if_other(tree / "board" / "engine_library.h", setup.header(tflm))
    lines = [f"# From boards/{board.name}.toml, by `tinydf build`.", *(f"set({k} {v})" for k, v in settings.items())]
    _write_if_other(tree / "board" / "board.cmake", "\n".join(lines) + "\n")
    rights = {"ram": "rwx", "flash": "rx"}
    regions = [
        f"    {name} ({rights[one.kind]}) : ORIGIN = 0x{one.origin:08X}, LENGTH = 0x{one.bytes:X}"
        for name, one in board.memory.items()
    ]
    _write_if_other(tree / "board" / "memory.ld", "\n".join(["MEMORY", "{", *regions, "}"]) + "\n")


def _write_if_other(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _build_id(
    board_name: str,
    export: Path,
    engine: Engine,
    compiler: str,
    sources: dict[str, str],
    linked: tuple[str, int] | None = None,
) -> str:
    """The SHA-256 of all that goes into a build; `linked` is TFLM's library and arena."""
    firmware = sorted(path for path in resources.FIRMWARE.rglob("*") if path.is_file())
    parts = [(str(path.relative_to(resources.FIRMWARE)), sha256_file(path)) for path in firmware]
    if port := boards.own_port(board_name):
        parts += [
            (f"port {one.relative_to(port)}", sha256_file(one)) for one in sorted(port.rglob("*")) if one.is_file()
        ]
    if own := _own_kernels(export, engine):
        parts += [(f"kernels {one.name}", sha256_file(one)) for one in sorted(own.glob("*.[ch]"))]
    parts += [("manifest.json", sha256_file(export / "manifest.json")), *sources.items()]
    parts += [("board", boards.sha256(board_name)), ("engine", engine), ("compiler", compiler)]
    if linked:
        parts += [("library", linked[0]), ("arena", str(linked[1]))]
    return sha256_bytes("\n".join(f"{name} {value}" for name, value in parts).encode())


def _hashes(export: Path, engine: Engine) -> dict[str, str]:
    return {name: sha256_file(export / name) for name in ENGINE_SOURCES[engine]}


def _run_cmake(board: Board, export: Path, tree: Path, engine: Engine, build_id: str) -> None:
    # The same inputs give the same bytes, wherever they are: no path of this machine goes into the debug information.
    places = {tree: "build", resources.FIRMWARE: "firmware", export: "export"}
    if port := boards.own_port(board.name):
        places[port] = "port"
    if own := _own_kernels(export, engine):
        places[own] = "kernels"
    flags = " ".join(shlex.quote(f"-ffile-prefix-map={path.absolute()}={name}") for path, name in places.items())
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_FLAGS": flags,
        "CMAKE_CXX_FLAGS": flags,
        "TINYDF_BOARD_CMAKE": str((tree / "board" / "board.cmake").absolute()),
        "TINYDF_EXPORT": str(export.absolute()),
        "TINYDF_ENGINE": engine,
        "TINYDF_BUILD_ID": build_id,
        **({"TINYDF_OWN_KERNELS": str(own)} if own else {}),
    }
    if board.toolchain.prefix:
        toolchain = resources.FIRMWARE / "cmake" / f"{board.toolchain.prefix.rstrip('-')}.cmake"
        settings["CMAKE_TOOLCHAIN_FILE"] = str(toolchain)
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    configure = ["cmake", "-G", "Ninja", "-S", str(resources.FIRMWARE), "-B", str(tree), *defines]
    _run(configure, tree)
    started = time.monotonic()
    _run(["cmake", "--build", str(tree)], tree)
    logger.info("built for %s in %.1f s", board.name, time.monotonic() - started)


def _run_esp_idf(board: Board, export: Path, tree: Path, build_id: str) -> Sizes:
    """Let ESP-IDF build, and put in `tree` what CMake puts there for other boards; the binary is the whole flash."""
    made = tree / "build"
    _drop_foreign(made, tree / "project")
    project = esp_idf.write_project(board, tree)
    started = time.monotonic()
    _run(esp_idf.command(board, project, made, export, build_id), tree)
    logger.info("built for %s in %.1f s", board.name, time.monotonic() - started)
    esp_idf.keep_configuration(tree)
    for name in (ELF, MAP):
        shutil.copy(made / name, tree / name)
    (tree / BIN).write_bytes(esp_idf.merge(made))
    return read_sizes(tree / ELF, board).model_copy(update={"stack_bytes": esp_idf.stack_bytes(project)})


def _run(command: list[str], tree: Path) -> None:
    """Run a step of the build; what it printed stays in `tree/log`."""
    logger.debug("%s", shlex.join(command))
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    log = tree / "log"
    tree.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        _check_heap(tree, [one for one in undefined(done.stdout) if one in HEAP])
        raise TinydfError(f"the build failed: {cause(done.stdout)}", f"the whole output is in {log}")


def _check_heap(tree: Path, symbols: list[str]) -> None:
    """Refuse a firmware in which malloc got; the linker's map says who wants it.

    Raises:
        TinydfError: names what brought it.
    """
    if not symbols:
        return
    linker_map = tree / MAP
    text = linker_map.read_text(encoding="utf-8", errors="replace") if linker_map.is_file() else ""
    wanted_by = puller(text) or "see the linker's map"
    raise TinydfError(
        f"the firmware has no heap, and {symbols[0]} is wanted by {wanted_by}",
        "build the library as docs/how-to/tflm.md says, without code of your own that allocates",
    )
