# SPDX-License-Identifier: Apache-2.0
"""Text from anywhere is shown as it is: brackets are no markup, and the terminal obeys no control character of it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from tests.data.synthetic import tiny_dataset
from tinydf.cli.console import PlainConsole, plain
from tinydf.data.dataset import FILE, Dataset
from tinydf.files import write_json
from tinydf.text import printable

HOSTILE = (
    "[/x]",
    "[red]x",
    "[link=http://a.example]x[/link]",
    ":warning:",
    "a\x1b[2Jb",
    "\x9b31m",
    "x\u202ey",
    "\udc80",
)


def shown(*things: object) -> str:
    out = io.StringIO()
    PlainConsole(file=out, width=200, force_terminal=True, color_system=None).print(*things)
    return out.getvalue()


def tinydf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tinydf.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_a_cell_and_a_title_are_the_text(text: str) -> None:
    expected = printable(text)
    assert expected.isprintable()
    assert shown(text) == f"{expected}\n"
    table = Table("what", text, title=text)
    table.add_row("x", text)
    assert shown(table).count(expected) == 3
    assert shown(plain(text)) == f"{expected}\n"


def test_what_is_written_out_and_what_is_kept() -> None:
    assert printable("a\x1b[2J\r\n\x07é–😀 b") == r"a\x1b[2J\r\n\x07é–😀 b"
    assert printable("two\nlines\r", keep="\n") == "two\nlines\\r"
    assert shown("two\nlines") == "two\nlines\n"


def test_a_data_set_that_names_its_generators_so(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path / "data", pairs=2)
    info = Dataset(data).info
    source = info.sources[0].model_copy(update={"licence": "[red]x\x1b[2J", "origin": "[/x]"})
    write_json(data / FILE, info.model_copy(update={"sources": [source], "skipped": ["[/x]\x07.png: damaged"]}))
    done = tinydf("data", "show", data)
    assert done.returncode == 0, done.stderr
    assert r"1 sources under [red]x\x1b[2J" in done.stdout
    assert r"skipped [/x]\x07.png: damaged" in done.stdout


@pytest.mark.parametrize("name", ["[/x]", "[red]x", "\x1b[2J", "two\nlines", "\udc80"])
def test_an_error_is_one_line_whatever_the_name(name: str) -> None:
    done = tinydf("data", "show", name)
    assert done.returncode == 1
    assert done.stderr == f"tinydf: {printable(name)}/dataset.json does not exist: make it with `tinydf data demo`\n"
    unknown = tinydf("boards", "show", name)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("tinydf: there is no board ")
    assert unknown.stderr.removesuffix("\n").isprintable()


def test_a_usage_error_writes_out_what_was_typed() -> None:
    done = tinydf("bench", "--split", "\x1b[2J")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert r"\x1b[2J" in done.stderr
