# SPDX-License-Identifier: Apache-2.0
"""Boards that ESP-IDF builds, without ESP-IDF: its `idf.py`, build system and headers are stand-ins, of which
standin_idf/bin/idf.py says what they are. The project, the component and all of its C are the real ones, and run here.
"""

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from idf_component_tools.manager import ManifestManager
from tflite_micro.python.tflite_micro import runtime

from tests.boards.export import write_export
from tests.boards.test_flash import rom, tinydf
from tests.firmware.host import INPUT_BYTES, PROGRAMS, compiled, expected_output
from tinydf import resources
from tinydf.artefacts.build import read_build
from tinydf.bench.profile import engine_code_bytes, profile
from tinydf.boards import board as boards
from tinydf.boards import esp_idf, flashers
from tinydf.boards.build import build
from tinydf.boards.flashers.job import Job
from tinydf.boards.sizes import read_sizes
from tinydf.compiler.host.check import random_inputs
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.link import wire
from tinydf.link.client import Connection

pytestmark = pytest.mark.slow

STANDIN = Path(__file__).parent / "standin_idf"
BOARD = "esp32-s3-devkitc-1"
BOARDS = ("esp32-devkitc", "esp32-s3-devkitc-1", "esp32-s3-devkitc-1-usb", "esp32-c3-devkitm-1-idf")
COMPONENT = resources.FIRMWARE / "esp-idf" / "tinydf"
PORT = resources.FIRMWARE / "port" / "esp-idf"


@pytest.fixture(autouse=True)
def idf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in is on PATH, as after ESP-IDF's export.sh."""
    monkeypatch.setenv("PATH", f"{STANDIN / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's published detector."""
    directory = tmp_path_factory.mktemp("export")
    for name in ("manifest.json", "model.tflite"):
        shutil.copy(resources.MODELS / "phinet-demo" / name, directory)
    return directory


@pytest.fixture(scope="module")
def firmware(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its firmware, built once: all kernels are compiled."""
    out = tmp_path_factory.mktemp("firmware")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{STANDIN / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")
        build(BOARD, export, out)
    return out


@contextmanager
def running(program: Path, **environment: str) -> Iterator[str]:
    """The firmware on this computer; gives its port."""
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            assert process.poll() is None, f"the stand-in ended: {process.returncode}"
            process.terminate()


def test_the_component_runs_the_model_with_the_right_bytes(firmware: Path, export: Path) -> None:
    made = read_build(firmware)
    inputs = random_inputs((1, 96, 96, 3), 3)
    with running(firmware / "firmware.elf") as port, Connection(port) as board:
        hello = board.hello()
        results = [board.infer(index, one.tobytes()) for index, one in enumerate(inputs)]
        layers = board.profile()
    assert (hello.board, hello.build_id, hello.engine) == (BOARD, made.build_id, "aot")
    assert (hello.clock_hz, hello.stack_bytes) == (240_000_000, 8192)
    assert hello.counter_unit == wire.CounterUnit.CYCLES
    assert hello.reset_cause == wire.ResetCause.POWER
    assert hello.unique_id.hex() == "240ac4010203000000000000"
    assert hello.arena_bytes == made.arena_bytes
    interpreter = runtime.Interpreter.from_bytes((export / "model.tflite").read_bytes())
    for one, result in zip(inputs, results, strict=True):
        interpreter.set_input(one.reshape(1, 96, 96, 3), 0)
        interpreter.invoke()
        assert result.output == interpreter.get_output(0).tobytes()
        assert result.arena_intact and result.peak_stack_bytes == 1000
    assert len(layers) == hello.layer_count > 0


def test_the_record_and_the_image(firmware: Path, tmp_path: Path) -> None:
    """firmware.bin is what esptool's merge-bin makes of the parts that flasher_args.json lists."""
    made = read_build(firmware)
    assert made.compiler == "ESP-IDF v5.5.0"
    assert (made.arena_region, made.stack_bytes) == ("DRAM", 8192)
    assert made.bin_sha256 == sha256_file(firmware / "firmware.bin")
    parts = firmware / "cmake" / "build"
    command: list[str | Path] = [sys.executable, "-m", "esptool", "--chip", "esp32s3", "merge-bin"]
    command += ["--output", tmp_path / "merged.bin"]
    command += ["0x0", parts / "bootloader" / "bootloader.bin"]
    command += ["0x8000", parts / "partition_table" / "partition-table.bin"]
    command += ["0x10000", parts / "firmware.bin"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "merged.bin").read_bytes() == (firmware / "firmware.bin").read_bytes()


def test_the_firmware_does_not_tell_where_it_was_built(firmware: Path, export: Path) -> None:
    """ESP-IDF itself maps the paths of the project and the build, which stand beside these in debug information."""
    elf = (firmware / "firmware.elf").read_bytes()
    assert b"export/model_aot.c" in elf and str(export).encode() not in elf
    assert b"firmware/app/server.c" in elf and str(resources.FIRMWARE / "app").encode() not in elf


def test_the_engine_s_code_is_counted(firmware: Path) -> None:
    sections = {one.name: one.bytes for one in read_build(firmware).sections}
    hot, counted = sections[".iram1.tinydf"], engine_code_bytes((firmware / "firmware.map").read_text())
    assert 0 < hot < counted < hot + sections[".text"]


def test_a_profile_needs_a_board() -> None:
    with pytest.raises(TinydfError, match=f"{BOARD} has no emulator: give the --port of one that runs this very model"):
        profile(b"", BOARD)


def test_the_kernels_are_those_of_any_core(firmware: Path, export: Path) -> None:
    assert '"target": "generic"' in (export / "plan.json").read_text()


# ESP_RST_EXT, SW, PANIC, INT_WDT, TASK_WDT, WDT, DEEPSLEEP, BROWNOUT, SDIO, USB of esp_system.h.
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (0, "UNKNOWN"),
        (2, "PIN"),
        (3, "SOFTWARE"),
        (4, "FAULT"),
        (5, "WATCHDOG"),
        (6, "WATCHDOG"),
        (7, "WATCHDOG"),
        (8, "LOW_POWER"),
        (9, "BROWN_OUT"),
        (10, "UNKNOWN"),
        (11, "PIN"),
    ],
)
def test_hello_tells_why_it_started(reason: int, cause: str, firmware: Path) -> None:
    with running(firmware / "firmware.elf", STANDIN_RESET=str(reason)) as port, Connection(port) as board:
        assert board.hello().reset_cause == wire.ResetCause[cause]


def test_without_its_watchdog_it_does_not_measure(firmware: Path) -> None:
    with (
        running(firmware / "firmware.elf", STANDIN_NO_WATCHDOG="1") as port,
        Connection(port) as board,
        pytest.raises(TinydfError, match="did not start: the watchdog"),
    ):
        board.hello()


@pytest.mark.parametrize("line", ["uart", "usb"])
def test_both_lines_under_the_sanitizers(line: str, tmp_path: Path) -> None:
    """With the small engine of tests/firmware."""
    settings = {
        "TINYDF_BOARD": '"small"',
        **{"TINYDF_UART_PORT": 0, "TINYDF_UART_BAUD": 921600, "TINYDF_UART_TX_GPIO": 43, "TINYDF_UART_RX_GPIO": 44},
        "ESP_MAIN_TASK_STACK_SIZE": 8192,
        "ESP_DEFAULT_CPU_FREQ_MHZ": 240,
        "FREERTOS_HZ": 1000,
    }
    (tmp_path / "sdkconfig.h").write_text("".join(f"#define CONFIG_{key} {value}\n" for key, value in settings.items()))
    rooms = sorted([*(resources.FIRMWARE / "app").glob("*.c"), *(resources.FIRMWARE / "link").glob("*.c")])
    project = resources.FIRMWARE / "esp-idf" / "project"
    sources = (STANDIN / "machine.c", PORT / "port.c", PORT / f"line_{line}.c", project / "main" / "main.c")
    program = compiled(
        *(PROGRAMS / "engine.c", *sources, *rooms),
        definitions=("TINYDF_ARENA_BYTES=2560", 'TINYDF_BUILD_ID="0123abcd"'),
        include=(STANDIN / "include", tmp_path),
    )
    data = bytes(range(250)) * (INPUT_BYTES // 250)
    with running(program) as port, Connection(port) as board:
        assert board.hello().board == "small"
        assert board.infer(0, data).output == expected_output(data, runs=1)


@pytest.mark.parametrize("name", BOARDS)
def test_each_board_s_own_settings(name: str, tmp_path: Path) -> None:
    """ESP-IDF's kconfgen takes all of them; nothing but the link writes to the link's line."""
    board = boards.load(name)
    assert board.esp_idf is not None and board.uart is not None
    settings = _configured(board, tmp_path)
    assert settings["CONFIG_TINYDF_BOARD"] == f'"{name}"'
    assert settings["CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ"] == str(board.core.clock_hz // 1_000_000)
    assert settings["CONFIG_LOG_DEFAULT_LEVEL_NONE"] == "y"
    console = {one for one in settings if one.startswith("CONFIG_ESP_CONSOLE")}
    if board.uart.name == "USB":
        assert "CONFIG_TINYDF_LINK_USB_SERIAL_JTAG" in settings and "CONFIG_TINYDF_UART_BAUD" not in settings
        assert console == {"CONFIG_ESP_CONSOLE_UART_DEFAULT", "CONFIG_ESP_CONSOLE_SECONDARY_NONE"}
    else:
        assert settings["CONFIG_TINYDF_UART_BAUD"] == "921600"
        pins = {"esp32": ("1", "3"), "esp32c3": ("21", "20"), "esp32s3": ("43", "44")}[board.esp_idf.target]
        assert (settings["CONFIG_TINYDF_UART_TX_GPIO"], settings["CONFIG_TINYDF_UART_RX_GPIO"]) == pins
        assert "CONFIG_ESP_CONSOLE_UART_DEFAULT" not in console


def _configured(board: boards.Board, tree: Path) -> dict[str, str]:
    """The project's sdkconfig, as the stand-in's Kconfig has it."""
    project = esp_idf.write_project(board, tree)
    command = esp_idf.command(board, project, tree / "build", tree, "0123abcd")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "TINYDF_EXPORT has no model_aot.c" in done.stdout + done.stderr, "it is configured, then lacks a model"
    lines = (project / "sdkconfig").read_text().splitlines()
    return dict(one.split("=", 1) for one in lines if one and not one.startswith("#"))


def test_the_manifest_is_one_of_espressif_s(firmware: Path) -> None:
    """By the component manager's own schema; its versions of ESP-IDF are those that `tinydf build` takes."""
    manager = ManifestManager(COMPONENT, "tinydf")
    assert not manager.validate().validation_errors
    manifest = manager.load()
    assert {board.esp_idf.target for board in map(boards.load, BOARDS) if board.esp_idf} == set(manifest.targets)
    versions = {one.name: str(one.version) for one in manifest.requirements}
    assert versions == {"idf": f">={esp_idf.OLDEST[0]}.{esp_idf.OLDEST[1]},<{esp_idf.TOO_NEW[0]}"}


def test_all_of_the_component_is_plain_c(firmware: Path, export: Path) -> None:
    """Another compiler, for a core that ESP-IDF has too, finds nothing in it to warn of."""
    flags = ["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "--specs=picolibc.specs", "-std=c11", "-O2"]
    flags += ["-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]
    places = (resources.FIRMWARE, *(resources.FIRMWARE / one for one in ("engine", "kernels/include")), export)
    places += (STANDIN / "include", firmware / "cmake" / "build" / "config")
    definitions = [f"-DTINYDF_ARENA_BYTES={read_build(firmware).arena_bytes}", '-DTINYDF_BUILD_ID="0123abcd"']
    listed = (firmware / "cmake" / "build" / "build.ninja").read_text().split()
    sources = sorted({one for one in listed if one.endswith(".c") and str(STANDIN) not in one and "empty.c" not in one})
    assert len(sources) > 20 and any("line_uart" in one for one in sources)
    sources.append(str(PORT / "line_usb.c"))
    command = ["riscv64-unknown-elf-gcc", *flags, *(f"-I{one}" for one in places), *definitions, *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "chip"), [("esp32-devkitc", "esp32"), ("esp32-s3-devkitc-1", "esp32s3")])
def test_esptool_writes_the_whole_image(name: str, chip: str, firmware: Path, tmp_path: Path) -> None:
    """The real esptool, against the mock of the chip's ROM, which compares MD5."""
    said: list[str] = []
    with rom(0, tmp_path, chip) as port:
        assert flashers.program(boards.load(name), Job(firmware, port), said.append) == "esptool"
    assert "Hash of data verified." in said


def test_a_board_that_nothing_emulates_is_not_said_to_be(firmware: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError) as caught:
        flashers.program(boards.load(BOARD), Job(firmware, str(tmp_path / "none")), print)
    assert str(caught.value) == f"esptool found no board at that port: plug {BOARD} in"
    done = tinydf("flash", "--board", BOARD, "--firmware", firmware, "--emulator")
    assert done.stderr.splitlines()[-1] == f"tinydf: {BOARD} has no emulator: flash a real one, without --emulator"


def test_an_arena_that_does_not_fit_is_said_before_any_build(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="an arena of 300000 bytes, and esp32-devkitc has 147872 in one piece"):
        build("esp32-devkitc", write_export(tmp_path / "export", 300_000, target="generic"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_esp_idf_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("IDF_PATH", raising=False)
    done = tinydf(
        "build",
        "--board",
        BOARD,
        "--export",
        write_export(tmp_path / "export", target="generic"),
        "--out",
        tmp_path / "out",
    )
    assert done.returncode == 1
    assert done.stderr == (
        "tinydf: ESP-IDF is not installed (no idf.py on PATH): git clone -b v5.5.5 --recursive "
        "https://github.com/espressif/esp-idf && esp-idf/install.sh esp32s3 && . esp-idf/export.sh\n"
    )
    (tmp_path / "export.sh").write_text("")
    monkeypatch.setenv("IDF_PATH", str(tmp_path))
    with pytest.raises(TinydfError, match=rf"not active in this shell \(no idf.py on PATH\): \. {tmp_path}/export.sh"):
        esp_idf.version(boards.load(BOARD))


@pytest.mark.parametrize("said", ["ESP-IDF v5.0.9", "ESP-IDF v6.0.1-dirty", "ESP-IDF v4.4"])
def test_an_esp_idf_of_another_version(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_VERSION", said)
    with pytest.raises(TinydfError, match=rf"{said} will not do: the firmware is written for v5\.1 and newer, before"):
        esp_idf.version(boards.load(BOARD))


def test_an_idf_py_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_VERSION", "no Python environment was found")
    with pytest.raises(TinydfError, match=r"idf.py does not run: no Python environment was found: run ESP-IDF's inst"):
        esp_idf.version(boards.load(BOARD))


def test_a_build_that_fails_names_the_error_and_leaves_the_old_firmware(firmware: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(firmware, out)
    before = read_build(out)
    export = write_export(tmp_path / "export", target="generic")
    (export / "model_aot.c").write_text("#error this model is not C\n")
    with pytest.raises(TinydfError, match=r"the build failed: .*model_aot.c:1:2: error: #error this model is not C"):
        build(BOARD, export, out)
    assert read_build(out) == before
    assert "this model is not C" in (out / "cmake" / "log").read_text()


# The ends of what idf.py of v5.5 prints when the link, the check of the size, and a missing compiler stop it.
TRANSCRIPTS = {
    "region dram0_0_seg overflowed by 12345 bytes": """\
FAILED: firmware.elf
xtensa/bin/ld: firmware.elf section `.dram0.bss' will not fit in region `dram0_0_seg'
xtensa/bin/ld: region `dram0_0_seg' overflowed by 12345 bytes
collect2: error: ld returned 1 exit status
ninja failed with exit code 1, output of the command is in the log""",
    "Error: app partition is too small for binary firmware.bin size 0x400000:": """\
FAILED: CMakeFiles/app_check_size
Error: app partition is too small for binary firmware.bin size 0x400000:
  - Part 'factory' 0/0 @ 0x10000 size 0x3f0000 (overflow 0x10000)
ninja failed with exit code 1, output of the command is in the log""",
    "Toolchain xtensa-esp32s3-elf-gcc not found": """\
CMake Error at toolchain-esp32s3.cmake:4 (message):
  Toolchain xtensa-esp32s3-elf-gcc not found
cmake failed with exit code 1, output of the command is in the log""",
}


@pytest.mark.parametrize("cause", TRANSCRIPTS)
def test_the_cause_is_the_line_that_comes_out(cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_FAILS", TRANSCRIPTS[cause])
    with pytest.raises(TinydfError, match=f"the build failed: .*{re.escape(cause)}"):
        build(BOARD, write_export(tmp_path / "export", target="generic"), tmp_path / "out")
    assert not (tmp_path / "out" / "firmware.elf").exists()


def test_tflm_is_refused(export: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match=f"{BOARD} is built by ESP-IDF, and runs the compiled engine alone"):
        build(BOARD, export, tmp_path / "out", "tflm")


def test_parts_that_overlap_or_are_missing(tmp_path: Path) -> None:
    listed = tmp_path / "flasher_args.json"
    listed.write_text('{"flash_files": {"0x0": "one.bin", "0x4": "two.bin"}, "extra_esptool_args": {}}')
    (tmp_path / "one.bin").write_bytes(b"12345678")
    with pytest.raises(TinydfError, match=r"two.bin does not exist, and flasher_args.json names it"):
        esp_idf.merge(tmp_path)
    (tmp_path / "two.bin").write_bytes(b"90")
    with pytest.raises(TinydfError, match=r"two\.bin is to go to 0x4, into what stands before it"):
        esp_idf.merge(tmp_path)
    listed.write_text('{"flash_files": {"0x0": "one.bin", "0xA": "two.bin"}}')
    assert esp_idf.merge(tmp_path) == b"12345678\xff\xff90"
    listed.write_text("{}")
    with pytest.raises(TinydfError, match=r"flasher_args.json: flash_files: Field required"):
        esp_idf.merge(tmp_path)


def test_a_configuration_is_made_from_the_defaults(firmware: Path, caplog: pytest.LogCaptureFixture) -> None:
    """So that the build id, which knows the defaults, tells all of it."""
    caplog.set_level(logging.INFO, "tinydf")
    tree = firmware / "cmake"
    configured = tree / "project" / "sdkconfig"
    board = boards.load(BOARD)
    assert esp_idf.stack_bytes(esp_idf.write_project(board, tree)) == 8192, "that of the last build stays"
    configured.write_text(configured.read_text().replace("STACK_SIZE=8192", "STACK_SIZE=12000"))
    esp_idf.write_project(board, tree)
    assert not configured.exists()
    assert "sdkconfig was edited, and is made from sdkconfig.defaults again" in caplog.text


def test_other_defaults_make_another_configuration(tmp_path: Path) -> None:
    board = boards.load(BOARD)
    assert board.uart is not None
    configured = esp_idf.write_project(board, tmp_path) / "sdkconfig"
    configured.write_text("CONFIG_ESP_MAIN_TASK_STACK_SIZE=8192\n")
    esp_idf.keep_configuration(tmp_path)
    esp_idf.write_project(board, tmp_path)
    assert configured.exists()
    slower = board.model_copy(update={"uart": board.uart.model_copy(update={"baud": 115200})})
    esp_idf.write_project(slower, tmp_path)
    assert not configured.exists()


# Sections as ESP-IDF's linker script calls them, with their addresses on an ESP32-S3.
LAYOUT = {
    ".iram0.text": (0x4037_8000, 0x300, "@progbits"),
    ".dram0.dummy": (0x3FC8_8000, 0x300, "@nobits"),
    ".dram0.data": (0x3FC8_8300, 0x40, "@progbits"),
    ".noinit": (0x3FC8_8400, 0x1000, "@nobits"),
    ".dram0.bss": (0x3FC8_9400, 0x80, "@nobits"),
    ".flash.rodata": (0x3C00_0020, 0x2000, "@progbits"),
    ".flash.text": (0x4200_0020, 0x500, "@progbits"),
}


def test_sizes_of_an_elf_file_as_esp_idf_links_it(tmp_path: Path) -> None:
    """All that has content is in flash; RAM that code takes is counted once; the arena apart."""
    source, script, elf = (tmp_path / f"layout.{kind}" for kind in ("S", "ld", "elf"))
    parts = (f'.section {name}, "aw", {kind}\n.zero {size}\n' for name, (_, size, kind) in LAYOUT.items())
    source.write_text("".join(parts))
    places = "".join(f"{name} 0x{address:X} : {{ *({name}) }}\n" for name, (address, _, _) in LAYOUT.items())
    script.write_text(f"SECTIONS {{ {places} }}")
    compiler = ["riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-nostdlib", f"-Wl,-T{script}"]
    subprocess.run([*compiler, source, "-o", elf], check=True)
    sizes = read_sizes(elf, boards.load(BOARD))
    assert {one.name: one.bytes for one in sizes.sections} == {name: size for name, (_, size, _) in LAYOUT.items()}
    assert sizes.flash_bytes == 0x300 + 0x40 + 0x2000 + 0x500
    assert sizes.static_ram_bytes == 0x300 + 0x40 + 0x80
    used = {one.name: one.used_bytes for one in sizes.regions}
    assert used == {"IRAM": 0x300, "DRAM": 0x300 + 0x40 + 0x1000 + 0x80, "FLASH": sizes.flash_bytes}
