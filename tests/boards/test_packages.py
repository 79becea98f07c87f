# SPDX-License-Identifier: Apache-2.0
"""Boards that another package brings: a real one, installed by pip, with a port of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import last_line

SOURCE = Path(__file__).parent / "package"
ROOT = Path(__file__).resolve().parents[2]


def installed(source: Path, target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(target), str(source)], check=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packages") / "site"
    installed(SOURCE, target)
    return target


def tinydf(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinydf.cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_listed_with_their_origin(site: Path) -> None:
    packages = {one["name"]: one["package"] for one in json.loads(tinydf(site, "boards", "list", "--json").stdout)}
    assert packages["example"] == "tinydf-boards-example 1.2"
    assert packages["nucleo-h743"] == "tinydf"
    assert tinydf(site, "boards", "list").stdout.splitlines()[-1] == "from tinydf-boards-example 1.2: example"
    assert "A board of another package" in tinydf(site, "boards", "show", "example").stdout


@pytest.mark.slow
def test_built_with_the_port_of_the_package(site: Path, tmp_path: Path) -> None:
    there = ("--workspace", tmp_path)
    assert tinydf(site, *there, "export", "--int8").returncode == 0
    done = tinydf(site, *there, "build", "--board", "example", "--json")
    assert done.returncode == 0, done.stderr
    firmware = tmp_path / "build" / "firmware" / "example"
    assert b"linked from another package" in (firmware / "firmware.elf").read_bytes()
    before = json.loads((firmware / "build.json").read_text())["build_id"]
    port = site / "tinydf_boards_example" / "port" / "example" / "example.c"
    port.write_text(port.read_text() + "/* changed */\n")
    assert tinydf(site, *there, "build", "--board", "example").returncode == 0
    assert json.loads((firmware / "build.json").read_text())["build_id"] != before


def test_a_board_of_two_packages_is_refused(tmp_path: Path) -> None:
    source = Path(shutil.copytree(SOURCE, tmp_path / "source"))
    folder = source / "tinydf_boards_example" / "boards"
    (folder / "posix.toml").write_text((folder / "example.toml").read_text().replace('"example"', '"posix"'))
    installed(source, tmp_path / "site")
    done = tinydf(tmp_path / "site", "boards", "show", "posix")
    assert done.returncode == 1
    assert "there are two boards 'posix': " in last_line(done.stderr)
    assert "uninstall one of the packages" in last_line(done.stderr)


def test_a_package_without_its_boards_is_named(tmp_path: Path) -> None:
    source = Path(shutil.copytree(SOURCE, tmp_path / "source"))
    shutil.rmtree(source / "tinydf_boards_example" / "boards")
    installed(source, tmp_path / "site")
    done = tinydf(tmp_path / "site", "boards", "list")
    assert done.returncode == 1
    assert last_line(done.stderr) == (
        "tinydf: tinydf-boards-example 1.2 announces boards in tinydf_boards_example, which has no folder `boards` "
        "with a board's file: update it, or uninstall tinydf-boards-example"
    )
