# SPDX-License-Identifier: Apache-2.0
"""`tinydf doctor` on this machine, and on one without tools."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinydf.cli.doctor import _show
from tinydf.doctor import BASE, Finding, examine, healthy


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinydf.cli", "doctor", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_finds_the_compiler_and_says_its_version() -> None:
    found = {one.name: one for one in examine()}
    assert found["arm-none-eabi-gcc"].status == "found"
    assert "arm-none-eabi-gcc" in found["arm-none-eabi-gcc"].detail
    assert found["unicorn"].detail == "2.1.4"


@pytest.mark.slow
def test_json_is_one_document() -> None:
    names = {one["name"] for one in json.loads(doctor("--json").stdout)}
    assert {"cc", "cmake", "openocd", "torch", "serial permission", "serial ports"} <= names


@pytest.mark.slow
def test_without_tools_says_how_to_install_them(tmp_path: object) -> None:
    done = doctor("--json", PATH=str(tmp_path))
    missing = {one["name"]: one["install"] for one in json.loads(done.stdout) if one["status"] == "missing"}
    assert "apt-get install gcc-arm-none-eabi" in missing["arm-none-eabi-gcc"]
    assert "st-flash" not in missing  # one flasher is enough, and esptool is there
    assert done.returncode == 1


@pytest.mark.slow
def test_a_machine_that_flashes_one_kind_of_board_is_healthy(tmp_path: Path) -> None:
    """It needs one compiler, and neither the packages' clients nor a second flasher; a stage that does can be named."""
    for name in ("cc", "cmake", "ninja", "arm-none-eabi-gcc"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = doctor("--json", PATH=str(tmp_path))
    status = {one["name"]: one["status"] for one in json.loads(done.stdout)}
    assert status["riscv64-unknown-elf-gcc"] == status["openocd"] == status["npm"] == "optional"
    assert "missing" not in {value for name, value in status.items() if name != "serial permission"}
    assert done.returncode == (status["serial permission"] == "missing")
    assert doctor("--for", "data", PATH=str(tmp_path)).returncode == 1
    (tmp_path / "cmake").unlink()
    assert doctor(PATH=str(tmp_path)).returncode == 1


def test_healthy_only_when_nothing_is_missing() -> None:
    findings = [one for one in examine() if one.status != "missing"]
    assert healthy(findings)
    assert findings[0].room == BASE
    assert not healthy([findings[0].model_copy(update={"status": "missing"}), *findings])
    torch = Finding(room="train", name="torch", status="optional", detail="")
    assert healthy([torch, *findings])
    assert not healthy([torch, *findings], ["train"])


def test_a_command_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    install = f"pip install '/{'a long way/' * 20}clone [red][flash]'"
    _show([Finding(room="flash", name=name, status="optional", detail="", install=install) for name in ("a", "b")])
    assert capsys.readouterr().out.splitlines()[-1] == f"optional, for flash: {install}"
