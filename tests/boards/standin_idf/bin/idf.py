#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ESP-IDF's `idf.py`, for tests on a machine that has none. It is not ESP-IDF.

`idf.py -C PROJECT -B BUILD -DNAME=VALUE... build` configures by ESP-IDF's own kconfgen (PyPI esp-idf-kconfig) on a
Kconfig of the stand-in's, and builds by the real CMake files of project and component, with the host's compiler and
stand-in headers (as v5.5 declares what the port uses). The program runs on this computer. Boot loader and partition
table are noise; flasher_args.json has ESP-IDF's form. STANDIN_VERSION in the environment is what `--version` answers;
STANDIN_FAILS is what a build prints before it fails at once.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOTLOADER_AT = {"esp32": 0x1000, "esp32c3": 0, "esp32s3": 0}  # as the ROMs look for it


def main() -> None:
    """Do what the arguments say, or end with another status."""
    if sys.argv[1:] == ["--version"]:
        print(os.environ.get("STANDIN_VERSION", "ESP-IDF v5.5.0"))
        return
    if "STANDIN_FAILS" in os.environ:
        print(os.environ["STANDIN_FAILS"])
        sys.exit(2)
    parser = argparse.ArgumentParser()
    parser.add_argument("-C", dest="project", type=Path, required=True)
    parser.add_argument("-B", dest="build", type=Path, required=True)
    parser.add_argument("-D", dest="defines", action="append", default=[])
    parser.add_argument("action", choices=["build"])
    arguments = parser.parse_args()
    defines = dict(one.split("=", 1) for one in arguments.defines)
    configure(arguments.project, arguments.build, defines)
    run("cmake", "--build", arguments.build)
    images(arguments.build, defines["IDF_TARGET"])


def configure(project: Path, build: Path, defines: dict[str, str]) -> None:
    """Kconfig, then CMake."""
    config = build / "config"
    config.mkdir(parents=True, exist_ok=True)
    component = Path(defines["TINYDF_FIRMWARE"]) / "esp-idf" / "tinydf"
    defaults = project / "sdkconfig.defaults"
    environment = (f"IDF_TARGET={defines['IDF_TARGET']}", f"COMPONENT_KCONFIG={component / 'Kconfig'}")
    words = (
        *(sys.executable, "-m", "kconfgen", "--kconfig", ROOT / "Kconfig", "--config", project / "sdkconfig"),
        *("--defaults", defaults, *(word for one in environment for word in ("--env", one))),
        *("--output", "header", config / "sdkconfig.h", "--output", "cmake", config / "sdkconfig.cmake"),
        *("--output", "config", project / "sdkconfig"),
    )
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or "warning" in (done.stdout + done.stderr).lower():
        sys.exit(f"kconfgen: {done.stdout}{done.stderr}")
    os.environ["IDF_PATH"] = str(ROOT)
    run("cmake", "-G", "Ninja", "-S", project, "-B", build, *(f"-D{name}={value}" for name, value in defines.items()))


def images(build: Path, target: str) -> None:
    """The three binaries, and where they go."""
    files = {
        BOOTLOADER_AT[target]: ("bootloader/bootloader.bin", bytes(range(256)) * 80),
        0x8000: ("partition_table/partition-table.bin", b"\xaa\x50" * 1536),
        0x10000: ("firmware.bin", (build / "firmware.elf").read_bytes()[:40000]),
    }
    for name, content in files.values():
        (build / name).parent.mkdir(exist_ok=True)
        (build / name).write_bytes(content)
    listed = {f"0x{offset:x}": name for offset, (name, _) in files.items()}
    settings = {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "80m"}
    (build / "flasher_args.json").write_text(json.dumps({"flash_settings": settings, "flash_files": listed}))


def run(*command: str | Path) -> None:
    """Run a step; end with its status if that is not 0."""
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        print(f"{command[0]} failed with exit code {status}, output of the command is in the log")
        sys.exit(status)


main()
