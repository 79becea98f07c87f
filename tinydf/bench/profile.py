# SPDX-License-Identifier: Apache-2.0
"""`tinydf profile`: any model on one board: are the bytes right, what does it take, where?"""

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tinydf import emulator
from tinydf.artefacts.build import ELF, MAP, Build, Engine
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import MODEL, Decision, Manifest, Provenance, TensorSpec
from tinydf.artefacts.plan import LayerPlan
from tinydf.artefacts.preprocess import Preprocess
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.boards.tflm.setup import Choice
from tinydf.compiler import Compiled, Plan, compile_model, target_of, write_compiled
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host.check import random_inputs
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.errors import TinydfError, about
from tinydf.files import sha256_bytes, write_json
from tinydf.link import wire
from tinydf.link.client import Connection
from tinydf.link.ports import connect

logger = logging.getLogger(__name__)

ESP_IDF_HOT = ".iram1.tinydf"  # where the component puts hot code
SAMPLES = 3
# In a linker map: the compiled model, the kernels, and the engine over them; TFLM's library and the engine over it.
_ENGINE_OBJECT = re.compile(
    r"(/kernels/\w+/\w+|[/(]model_aot|/aot/engine|[(]engine)\.c\.o(bj)?\)?$|/engine/tflm/|microlite\.a\(|/libtflm\.a\("
)


class LayerProfile(BaseModel):
    """One layer on the board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    operator: str
    name: str
    kernels: tuple[str, ...]
    instructions: int
    macs: int
    instructions_per_mac: float | None
    weight_bytes: int
    moved_bytes: int


class Profile(BaseModel):
    """One model on one board.

    `instructions` is of the second inference, or of cycles where `unit` says so. `equal`: every output byte is that of
    TFLM's interpreter. `ram_bytes` is arena and scratch, input and output inside. `code_bytes` is the engine and the
    kernels that the model uses, without weights; `flash_bytes` the whole firmware, None in a table that was measured
    before it was recorded. `library` is of tflm.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_sha256: str
    board: str
    engine: Engine = "aot"
    library: str | None = None
    library_sha256: str | None = None
    emulated: bool
    target: str
    unit: str
    equal: bool
    instructions: int
    macs: int
    instructions_per_mac: float | None
    code_bytes: int
    flash_bytes: int | None = None
    weight_bytes: int
    ram_bytes: int
    ram_lower_bound: int
    arena_origin: str = "planned"
    peak_stack_bytes: int
    arena_intact: bool
    layers: tuple[LayerProfile, ...]


@dataclass(frozen=True)
class _Measured:
    """What the board answered."""

    hello: wire.HelloAnswer
    outputs: list[bytes]
    ticks: list[int]
    peak_stack_bytes: int
    arena_intact: bool
    layer_ticks: list[int]


def profile(
    tflite: bytes,
    board_name: str,
    port: str | None = None,
    name: str = "the model",
    baud: int | None = None,
    engine: Engine = "aot",
    choice: Choice | None = None,
) -> Profile:
    """Build a model for a board, run it there on random inputs from a fixed seed, and compare with TFLM.

    Args:
        tflite: the model; int8, with float edges or, but for the engine tflm, without.
        board_name: the board.
        port: a board that runs this very model already, or "auto"; by default the board's emulator is started with it.
        name: of the model, in errors about it.
        baud: bits a second, instead of the board file's.
        engine: the compiled model or TFLM.
        choice: of library and arena; for tflm alone.

    Raises:
        TinydfError: if the model cannot be compiled or does not fit, or the board does not answer.
    """
    board = boards.load(board_name)
    if port is None and board.emulator is None:
        raise TinydfError(f"{board_name} has no emulator", "give the --port of one that runs this very model")
    target = target_of(board.core.name).name
    with about(name):
        # TFLM runs operator by operator: its layers are those of a plan without cascades.
        compiled = compile_model(tflite, target=target, whole=engine == "tflm")
        _check_output(compiled.plan.output.bytes)
        if engine == "tflm":
            _check_edges(tflite)
    inputs = random_inputs(compiled.plan.input.shape, SAMPLES)
    with tempfile.TemporaryDirectory(prefix="tinydf-profile-") as scratch:
        export, firmware = Path(scratch) / "export", Path(scratch) / "firmware"
        write_export(tflite, compiled, export)
        built = build(board_name, export, firmware, engine, choice)
        code_bytes = engine_code_bytes((firmware / MAP).read_text(encoding="utf-8", errors="replace"))
        measured = _run(board_name, firmware / ELF, built, inputs, port, baud)
    plan = compiled.plan
    expected = _expected(tflite, plan, inputs)
    return _result(plan, tflite, built, port is None, code_bytes, measured, expected)


def compare_engines(
    tflite: bytes, board_name: str, name: str = "the model", choice: Choice | None = None
) -> tuple[Profile, Profile]:
    """The same model with aot and with tflm on a board's emulator.

    Raises:
        TinydfError: as `profile`.
    """
    tflm = profile(tflite, board_name, name=name, engine="tflm", choice=choice)
    return profile(tflite, board_name, name=name), tflm


def _check_edges(tflite: bytes) -> None:
    graph = read_model(tflite)
    for place in (*graph.inputs, *graph.outputs):
        tensor = graph.tensors[place]
        if tensor.dtype != "int8":
            raise TinydfError(
                f"its edge {tensor.name} is {tensor.dtype}, and tflm runs models with int8 edges",
                "convert it with int8 input and output, or measure it with --engine aot",
            )


def _check_output(size: int) -> None:
    most = wire.MAX_PAYLOAD - wire.ResultHead.size()
    if size > most:
        raise TinydfError(
            f"its output has {size} bytes, and a board answers with at most {most}",
            "see `tinydf compile --check` for its bytes and its plan",
        )


def write_export(tflite: bytes, compiled: Compiled, directory: Path, name: str = "profile") -> None:
    """An export directory with all that a build needs, for a model that need not be a detector; `name` is its name."""
    directory.mkdir(parents=True)
    (directory / MODEL).write_bytes(tflite)
    write_compiled(compiled, directory)
    edges = [
        TensorSpec(name=edge.name, shape=edge.shape, scale=edge.scale, zero_point=edge.zero_point)
        for edge in (compiled.plan.input, compiled.plan.output)
    ]
    manifest = Manifest(
        name=name,
        input=edges[0],
        output=edges[1],
        preprocess=Preprocess(size=96),
        decision=Decision(),
        chain=Provenance(tflite=sha256_bytes(tflite)),
        tflm_arena_bytes=None,
    )
    write_json(directory / MANIFEST, manifest)


def _run(
    board_name: str, elf: Path, built: Build, inputs: NDArray[np.int8], port: str | None, baud: int | None
) -> _Measured:
    if port is not None:
        with connect(port, board_name, baud, logger.info) as link:
            return _measure(link, built.model, inputs)
    running = emulator.start(board_name, elf, name=f"{board_name}-profile-{os.getpid()}", replace=True)
    try:
        with connect(running.port, board_name) as link:
            return _measure(link, built.model, inputs)
    finally:
        running.stop()


def _measure(link: Connection, model: str, inputs: NDArray[np.int8]) -> _Measured:
    hello = link.greeting()
    if hello.model_sha256.hex() != model:
        raise TinydfError(f"{link.port}: the board runs another model", "flash this one, or leave out --port")
    results = [link.infer(number, one.tobytes()) for number, one in enumerate(inputs)]
    return _Measured(
        hello,
        [result.output for result in results],
        [result.ticks for result in results],
        results[-1].peak_stack_bytes,
        all(result.arena_intact for result in results),
        link.profile(),
    )


def _expected(tflite: bytes, plan: Plan, inputs: NDArray[np.int8]) -> list[bytes]:
    expected = []
    for one in inputs:
        reference = Interpreter(tflite, plan)
        reference.invoke(one)
        expected.append(reference.tensor(plan.output.index).tobytes())
    return expected


def _result(
    plan: Plan,
    tflite: bytes,
    built: Build,
    emulated: bool,
    code_bytes: int,
    measured: _Measured,
    expected: list[bytes],
) -> Profile:
    ticks = measured.ticks[1]
    units = {int(unit): unit.name for unit in wire.CounterUnit}
    layers = plan.layers if built.tflm is None else tuple(_as_in_the_file(plan, tflite))
    return Profile(
        model_sha256=plan.model_sha256,
        board=built.board,
        engine=built.engine,
        library=built.tflm.name if built.tflm else None,
        library_sha256=built.tflm.sha256 if built.tflm else None,
        emulated=emulated,
        target=plan.target,
        unit=units[measured.hello.counter_unit].lower().replace("_", " "),
        equal=measured.outputs == expected,
        instructions=ticks,
        macs=plan.macs,
        instructions_per_mac=_ratio(ticks, plan.macs),
        code_bytes=code_bytes,
        flash_bytes=built.flash_bytes,
        weight_bytes=plan.weight_bytes,
        ram_bytes=built.arena_bytes,
        ram_lower_bound=plan.lower_bound,
        arena_origin=built.tflm.arena_origin if built.tflm else "planned",
        peak_stack_bytes=measured.peak_stack_bytes,
        arena_intact=measured.arena_intact,
        layers=tuple(
            LayerProfile(
                index=layer.index,
                operator=layer.operator,
                name=layer.name,
                kernels=layer.kernels,
                instructions=count,
                macs=layer.macs,
                instructions_per_mac=_ratio(count, layer.macs),
                weight_bytes=layer.weight_bytes,
                moved_bytes=layer.moved_bytes,
            )
            for layer, count in zip(layers, measured.layer_ticks, strict=True)
        ),
    )


def _as_in_the_file(plan: Plan, tflite: bytes) -> Iterator[LayerPlan]:
    """The model's operators one by one, as TFLM runs them; MACs and weights where the compiler's plan has them."""
    planned = {layer.index: layer for layer in plan.layers}
    graph = read_model(tflite)
    for operator in graph.operators:
        layer = planned.get(operator.index)
        yield LayerPlan(
            index=operator.index,
            operator=operator.kind,
            name=graph.tensors[operator.outputs[0]].name,
            kernels=(),
            inputs=(),
            outputs=(),
            macs=layer.macs if layer else 0,
            weight_bytes=layer.weight_bytes if layer else 0,
            scratch_bytes=0,
            moved_bytes=layer.moved_bytes if layer else 0,
        )


def _ratio(ticks: int, macs: int) -> float | None:
    return round(ticks / macs, 3) if macs else None


def engine_code_bytes(linker_map: str) -> int:
    """Bytes of code that the engine and its kernels take, by the linker's map file; TFLM's are its library's."""
    kept = linker_map.partition("Linker script and memory map")[2]
    found = re.findall(r"^ (\.(?:text|hot|iram1)\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", kept, re.MULTILINE)
    return sum(int(size, 16) for part, size, name in found if _ENGINE_OBJECT.search(name) or part == ESP_IDF_HOT)
