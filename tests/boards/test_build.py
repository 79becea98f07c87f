# SPDX-License-Identifier: Apache-2.0
"""Builds: what is in them, what they take, what changes their id, and what stops them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.boards.export import write_export
from tests.compiler.cases import CASES
from tinydf import resources
from tinydf.artefacts.build import Build, read_build
from tinydf.artefacts.manifest import read_export
from tinydf.boards import board as boards
from tinydf.boards.build import build, compile_engine
from tinydf.errors import TinydfError
from tinydf.files import sha256_file

# What the nucleo-h743's file leaves of each memory, less the guard words on both sides of the arena.
DTCM_BYTES = 0x2_0000 - 0x5000 - 96
AXI_BYTES = 0x8_0000 - 96

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("export") / "sum")


@pytest.fixture(scope="module")
def firmware(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("firmware") / "nucleo"
    build("nucleo-h743", export, out)
    return out


def test_it_writes_firmware_and_record(firmware: Path) -> None:
    made = read_build(firmware)
    assert made.bin_sha256 == sha256_file(firmware / "firmware.bin")
    assert made.board == "nucleo-h743" and made.engine == "aot"
    assert (firmware / "firmware.map").stat().st_size > 0
    assert made.build_id.encode() in (firmware / "firmware.elf").read_bytes(), "HELLO tells it"
    assert bytes.fromhex(made.model) in (firmware / "firmware.elf").read_bytes(), "HELLO tells it"


def test_sizes_are_those_of_the_files(firmware: Path) -> None:
    made = read_build(firmware)
    listing = subprocess.run(
        ["arm-none-eabi-size", "-A", "-d", firmware / "firmware.elf"], capture_output=True, text=True, check=True
    ).stdout
    listed = {
        words[0]: int(words[1])
        for line in listing.splitlines()
        if len(words := line.split()) == 3 and words[1].isdigit()
    }
    assert {one.name: one.bytes for one in made.sections}.items() <= listed.items()
    in_ram = (one for one in made.sections if one.region in {"ITCM", "DTCM", "AXI"})
    assert sum(one.bytes for one in in_ram) == sum((made.static_ram_bytes, made.stack_bytes, listed[".arena"])), (
        "all RAM is accounted for once"
    )
    padding = (firmware / "firmware.bin").stat().st_size - made.flash_bytes
    assert 0 <= padding < 64, "the binary is what is in flash, and padding"
    assert made.arena_bytes <= listed[".arena"] <= made.arena_bytes + 256


def test_the_same_inputs_give_the_same_firmware(export: Path, firmware: Path, tmp_path: Path) -> None:
    again = build("nucleo-h743", export, tmp_path / "again")
    assert again.build_id == read_build(firmware).build_id
    assert again.elf_sha256 == read_build(firmware).elf_sha256


def test_a_directory_that_was_moved_builds_again(export: Path, tmp_path: Path) -> None:
    before = build("posix", export, tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert build("posix", export, tmp_path / "there") == before


def test_another_model_gives_another_id(firmware: Path, tmp_path: Path) -> None:
    other = build("nucleo-h743", write_export(tmp_path / "other", content=b"another model"), tmp_path / "out")
    assert other.build_id != read_build(firmware).build_id
    assert other.model != read_build(firmware).model


@pytest.mark.parametrize(("arena_bytes", "region"), [(DTCM_BYTES, "DTCM"), (DTCM_BYTES + 1, "AXI"), (AXI_BYTES, "AXI")])
def test_the_arena_goes_where_it_fits(arena_bytes: int, region: str, tmp_path: Path) -> None:
    made = build("nucleo-h743", write_export(tmp_path / "export", arena_bytes), tmp_path / "out")
    assert made.arena_region == region
    assert [one.region for one in made.sections if one.name == ".arena"] == [region]


def test_an_arena_that_fits_nowhere(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match=f"needs an arena of {AXI_BYTES + 1} bytes, and nucleo-h743 has {AXI_BYTES}"):
        build("nucleo-h743", write_export(tmp_path / "export", AXI_BYTES + 1), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_host_is_a_board_too(export: Path, tmp_path: Path) -> None:
    made = build("posix", export, tmp_path / "out")
    assert made.regions == () and made.arena_region == "-"
    assert made.flash_bytes > 0 and made.static_ram_bytes > made.arena_bytes


def test_a_compiler_that_is_not_there(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cmake", "ninja"):
        (tools / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(TinydfError, match="arm-none-eabi-gcc is not installed: apt-get install gcc-arm-none-eabi"):
        build("nucleo-h743", export, tmp_path / "out")


def test_a_build_that_fails_names_the_error_and_leaves_the_old_firmware(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export")
    before = build("posix", export, tmp_path / "out")
    (export / "model_aot.c").write_text("#error this model is not C\n")
    with pytest.raises(TinydfError, match=r"the build failed: .*model_aot.c:1:2: error: #error this model is not C"):
        build("posix", export, tmp_path / "out")
    assert read_build(tmp_path / "out") == before


def test_memory_that_overflows_is_said_in_one_line(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export")
    source = (export / "model_aot.c").read_text()
    (export / "model_aot.c").write_text(source.replace("output[2]", "output[200000]"))
    with pytest.raises(TinydfError, match=r"region `?DTCM'? overflowed by \d+ bytes") as caught:
        build("nucleo-h743", export, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_record_that_is_not_of_this_file(firmware: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(firmware, copy)
    with (copy / "firmware.elf").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(TinydfError, match=r"is not the file that .*build.json speaks of"):
        read_build(copy)
    (copy / "firmware.elf").unlink()
    with pytest.raises(TinydfError, match=r"firmware.elf does not exist"):
        read_build(copy)


def test_a_model_of_another_hash(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export")
    (export / "model.tflite").write_bytes(b"swapped")
    with pytest.raises(TinydfError, match="is not the model that"):
        build("posix", export, tmp_path / "out")


def test_tflm_without_its_tree(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tflm = tmp_path / "export"
    shutil.copytree(export, tflm)
    for name in ("model_data.cc", "model_data.h", "op_resolver.h"):
        (tflm / name).write_text("")
    monkeypatch.delenv("TFLM_ROOT", raising=False)
    with pytest.raises(TinydfError, match="set TFLM_ROOT"):
        build("nucleo-h743", tflm, tmp_path / "out", "tflm")


def test_the_firmware_sources_are_what_the_id_speaks_of(export: Path, tmp_path: Path) -> None:
    """A change of one byte of the firmware's sources gives another id (checked on a copy of the sources)."""
    copy = tmp_path / "firmware"
    shutil.copytree(resources.FIRMWARE, copy)
    before = _identify(export, copy)
    with (copy / "app" / "main.c").open("a") as source:
        source.write("\n")
    assert _identify(export, copy) != before


def _identify(export: Path, sources: Path) -> str:
    from tinydf.boards.build import _build_id

    kept, resources.FIRMWARE = resources.FIRMWARE, sources
    try:
        return _build_id("posix", export, "aot", "a compiler", {"model_aot.c": "0" * 64})
    finally:
        resources.FIRMWARE = kept


def test_build_json_reads_back(firmware: Path) -> None:
    assert Build.model_validate_json((firmware / "build.json").read_bytes()) == read_build(firmware)
    assert os.access(firmware / "firmware.elf", os.R_OK)


def test_the_engine_is_compiled_for_the_boards_core(tmp_path: Path) -> None:
    """One export for two boards: each gets its own core's kernels; the host takes what is there."""
    model = CASES["pointwise"](np.random.default_rng(1))
    export = write_export(tmp_path / "export", content=model)
    (export / "model.tflite").write_bytes(model)
    (export / "model_aot.c").unlink()
    for name, target in (
        ("nucleo-h743", "armv7e-m"),
        ("esp32-c3-devkitm-1", "rv32imc"),
        ("posix", "rv32imc"),
        ("esp32-s3-devkitc-1", "generic"),
    ):
        compile_engine(export, read_export(export), boards.load(name))
        assert json.loads((export / "plan.json").read_text())["target"] == target
