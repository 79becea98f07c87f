# SPDX-License-Identifier: Apache-2.0
"""What this machine has for each stage, what is missing, and the command that installs it.

`tinydf export`, `flash` and `bench` of a published detector need little: what is missing of that is "missing". What
only other stages want, or what something else that is there serves for, is "optional".
"""

import getpass
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from pydantic import BaseModel
from serial.tools import list_ports

from tinydf.boards.flashers import FLASHERS, esptool, installed
from tinydf.installation import NAME, install

Status = Literal["found", "missing", "optional"]
BASE = "all"
"""The room of what comes with tinydf itself."""

STAGES = ("data", "train", "export", "profile", "report", "ray")
"""The rooms that the light installation does without: extras; one may want programs, too."""

NEEDED = {"cc", "cmake", "ninja", "serial permission"}
ONE_IS_ENOUGH = (
    {"arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "idf.py"},
    {one.PROGRAM for one in FLASHERS.values()},
)


class Finding(BaseModel):
    """One thing that was looked for.

    `status` is "missing" if `export`, `flash` or `bench` of a published detector needs it, and "optional" if it is not
    there but only another stage wants it, or another thing that was found serves.
    """

    room: str
    name: str
    status: Status
    detail: str
    install: str = ""


@dataclass(frozen=True)
class Program:
    """A program on PATH: what it is for, how it tells its version, and how to install it."""

    room: str
    name: str
    version: tuple[str, ...]
    install: str


PROGRAMS = (
    Program("data", "npm", ("--version",), "apt-get install npm"),
    Program("data", "apt-get", ("--version",), "needs Debian or a derivative"),
    Program("data", "dpkg-deb", ("--version",), "apt-get install dpkg"),
    Program("build", "cc", ("--version",), "apt-get install gcc libc6-dev"),
    Program("build", "cmake", ("--version",), "apt-get install cmake"),
    Program("build", "ninja", ("--version",), "apt-get install ninja-build"),
    Program(
        "build",
        "arm-none-eabi-gcc",
        ("--version",),
        "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    ),
    Program(
        "build",
        "riscv64-unknown-elf-gcc",
        ("--version",),
        "apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    ),
    Program("build", "idf.py", ("--version",), "ESP-IDF, for an ESP32 or ESP32-S3: docs/how-to/esp32.md"),
    Program("emulate", "qemu-system-arm", ("--version",), "apt-get install qemu-system-arm"),
    *(Program("flash", one.PROGRAM, ("--version",), one.INSTALL) for one in FLASHERS.values() if one is not esptool),
)


def examine() -> list[Finding]:
    """Look for everything, in the order of the stages."""
    found = [*_packages(), *(_program(one) for one in PROGRAMS), _serial_permission(), _serial_ports()]
    there = {one.name for one in found if one.status == "found"}
    return [one if one.status == "found" else one.model_copy(update={"status": _lack(one, there)}) for one in found]


def _lack(finding: Finding, there: Collection[str]) -> Status:
    """What it means that something is not there, by the names of what is."""
    if finding.room == BASE or finding.name in NEEDED:
        return "missing"
    group = next((one for one in ONE_IS_ENOUGH if finding.name in one), None)
    return "missing" if group and group.isdisjoint(there) else "optional"


def healthy(findings: Collection[Finding], stages: Collection[str] = ()) -> bool:
    """Whether nothing is missing, nor anything that one of `stages` (of `STAGES`) wants."""
    return all(one.status == "found" or (one.status == "optional" and one.room not in stages) for one in findings)


def _packages() -> Iterator[Finding]:
    """The Python packages, by the extra that brings them; without an extra they came with tinydf itself."""
    try:
        requirements = importlib.metadata.requires(NAME) or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding(room=BASE, name=NAME, status="missing", detail="not installed", install=install())
        return
    for text in requirements:
        requirement = Requirement(text)
        extra = str(requirement.marker).rpartition(" ")[2].strip("\"'") if requirement.marker else ""
        if extra not in {"all", "dev", "docs"}:
            yield _package(requirement, extra)


def _package(requirement: Requirement, extra: str) -> Finding:
    lacking = Finding(
        room=extra or BASE,
        name=requirement.name,
        status="missing",
        detail="",
        install=install(extra) if extra else install(),
    )
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return lacking
    if not requirement.specifier.contains(version, prereleases=True):
        return lacking.model_copy(update={"detail": f"{version}, but {requirement.specifier} is wanted"})
    return Finding(room=lacking.room, name=requirement.name, status="found", detail=version)


def _program(program: Program) -> Finding:
    path = installed(program.name) if program.room == "flash" else shutil.which(program.name)
    if path is None:
        return Finding(room=program.room, name=program.name, status="missing", detail="", install=program.install)
    return Finding(room=program.room, name=program.name, status="found", detail=_version(path, program.version))


def _version(path: str, arguments: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, errors="replace", timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"{path}, which does not run"
    lines = (line.strip() for line in (done.stdout + done.stderr).splitlines())
    return next((line for line in lines if re.search(r"\d\.\d", line)), path)


def _serial_permission() -> Finding:
    """Debian lets the group `dialout` open serial ports; root needs no group, and on macOS nobody does."""
    user = getpass.getuser()
    if sys.platform == "darwin" or os.geteuid() == 0 or _in_dialout():
        return Finding(room="bench", name="serial permission", status="found", detail=user)
    return Finding(
        room="bench",
        name="serial permission",
        status="missing",
        detail=f"{user} is not in the group dialout",
        install=f"sudo usermod -aG dialout {user}, then log in again",
    )


def _in_dialout() -> bool:
    import grp

    try:
        return grp.getgrnam("dialout").gr_gid in os.getgroups()
    except KeyError:
        return False


def _serial_ports() -> Finding:
    ports = [f"{one.device} ({one.description})" for one in list_ports.comports() if Path(one.device).exists()]
    if ports:
        return Finding(room="bench", name="serial ports", status="found", detail=", ".join(ports))
    return Finding(
        room="bench",
        name="serial ports",
        status="optional",
        detail="none",
        install="plug in a board, or `tinydf flash --board nucleo-h743 --emulator`",
    )
