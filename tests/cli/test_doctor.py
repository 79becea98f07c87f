"""`tinydf doctor` on this machine, and on one without tools."""

import json
import os
import subprocess
import sys

from tinydf.doctor import examine, healthy


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


def test_json_is_one_document() -> None:
    names = {one["name"] for one in json.loads(doctor("--json").stdout)}
    assert {"cc", "cmake", "openocd", "torch", "serial permission", "serial ports"} <= names


def test_without_tools_says_how_to_install_them(tmp_path: object) -> None:
    done = doctor("--json", PATH=str(tmp_path))
    missing = {one["name"]: one["install"] for one in json.loads(done.stdout) if one["status"] == "missing"}
    assert "apt-get install gcc-arm-none-eabi" in missing["arm-none-eabi-gcc"]
    assert "st-flash" not in missing  # openocd, st-flash and STM32CubeProgrammer: one of them is enough
    assert done.returncode == 1


def test_healthy_only_when_nothing_is_missing() -> None:
    findings = examine()
    assert healthy([one for one in findings if one.status != "missing"])
    broken = findings[0].model_copy(update={"status": "missing"})
    assert not healthy([broken, *findings])
