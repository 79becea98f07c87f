# SPDX-License-Identifier: Apache-2.0
"""What the documentation says of the sources is so: messages, paths, commands; and its prose keeps to plain words."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tinydf.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
WRITTEN_BY_BENCHMARKS = ("boards.md", "results.md")

FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
MESSAGE = re.compile(r"^### `(.+)`$", re.MULTILINE)
COMMAND = re.compile(r"(?:^ *|&& *|until |inhibit )tinydf ([^;&|<>#\n]*)", re.MULTILINE)
ROOMS = ("tinydf/", "firmware/", "tests/", "docs/", "boards/", "models/", "benchmarks/", "scripts/", "requirements/")
SOURCE = re.compile(r"[a-z0-9_]+\.(?:c|h|cc|S|ld|py)")
GENERATED = re.compile(r"(model_aot|model_data|\w+_model|op_resolver|settings|board)\.(?:c|h|cc)")
AFFECTED = re.compile(r"\b(anew|whatever|whoever|goes? on with|going on with|gone on with)\b", re.IGNORECASE)


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", path.read_text())


def texts() -> list[str]:
    """Every text in the sources of `tinydf`, with a zero where an f-string puts a value; neighbours are one text."""
    found = []
    for path in (ROOT / "tinydf").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(str(one.value) if isinstance(one, ast.Constant) else "\0" for one in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def stands_in(message: str, text: str) -> bool:
    """Whether the words of a message, in whose gaps are dots, stand in a text in this order."""
    place = 0
    for words in message.split("…"):
        place = text.find(words, place)
        if place < 0:
            return False
        place += len(words)
    return True


def test_every_message_of_the_troubleshooting_page_stands_in_the_sources() -> None:
    messages = MESSAGE.findall((ROOT / "docs/troubleshooting.md").read_text())
    assert len(messages) > 40
    known = texts()
    assert stands_in("port … is busy", "port \0 is busy\0") and not stands_in("port … is lazy", "port \0 is busy\0")
    system = {"…: No space left on device"}
    assert [one for one in messages if one not in system and not any(stands_in(one, text) for text in known)] == []


@pytest.mark.parametrize("page", [one for one in PAGES if one.name not in WRITTEN_BY_BENCHMARKS], ids=ids)
def test_files_that_a_page_names_exist(page: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = {Path(one).name for one in tracked}
    assert [one for one in CODE.findall(prose(page)) if not exists(one, names)] == []


def exists(code: str, names: set[str]) -> bool:
    """False of a path in one of the repository's rooms, or a source file's name, that is not there."""
    path = code.strip()
    if SOURCE.fullmatch(path):
        return path in names or bool(GENERATED.fullmatch(path))
    if not path.startswith(ROOMS) or not re.fullmatch(r"[\w./*-]+", path) or re.search(r"\b[A-Z]{3,}\b", path):
        return True
    return any(ROOT.glob(path.rstrip("/")))


def test_a_path_that_is_not_there_is_found() -> None:
    assert exists("tinydf/cli/main.py", set()) and exists("models/*/recipe.toml", set()) and exists("a word", set())
    assert not exists("tinydf/cli/nothing.py", set()) and not exists("nothing.c", {"kernels.h"})


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=ids)
def test_links_of_the_pages_beside_the_site_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"(?:\]\(|src=\")([^)#\s\"]+)", prose(page))
    assert [one for one in targets if "://" not in one and not (ROOT / one).exists()] == []


def test_pages_that_sources_name_exist() -> None:
    rooms = ("tinydf", "firmware", "boards", "benchmarks", "scripts", "models", "Makefile", "pyproject.toml")
    files = subprocess.run(["git", "ls-files", *rooms], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = {
        (source, page)
        for source in files.split()
        if Path(source).suffix not in (".tar", ".safetensors", ".tflite")
        for page in re.findall(r"\bdocs/[\w./-]+\.md\b", (ROOT / source).read_text())
    }
    assert len(named) > 10
    upstream = {"docs/memory_management.md"}  # of tflite-micro
    assert {one for one in named if one[1] not in upstream and not (ROOT / one[1]).exists()} == set()


def commands(page: Path) -> Iterator[str]:
    """The command lines of a page, in its shell blocks and between backticks."""
    text = page.read_text()
    for language, block in FENCE.findall(text):
        if language in ("sh", "bash", ""):
            yield from COMMAND.findall(re.sub(r"\\\n *", "", block))
    for code in CODE.findall(prose(page)):
        yield from COMMAND.findall(" ".join(code.split()))


def trouble(line: str) -> str | None:
    """What is wrong with a command line behind `tinydf`: a command or an option that there is not."""
    words = shlex.split(line.replace("...", "").replace("[", "").replace("]", ""))
    command: click.Command = main
    context = click.Context(main)
    options = {option for one in main.get_params(context) for option in one.opts}
    for word in words:
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in options:
                return f"{command.name} has no {word}"
        elif isinstance(command, click.Group) and not word.startswith(("…", "<")) and word.islower():
            found = command.get_command(context, word)
            if found is None:
                return f"there is no command {word}"
            command = found
            options |= {option for one in command.get_params(context) for option in one.opts}
    return None


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    assert [f"tinydf {line}: {why}" for line in commands(page) if (why := trouble(line))] == []


def test_a_wrong_command_is_found() -> None:
    assert trouble("bench --port /dev/ttyACM0 --json") is None
    assert trouble("bench --prot /dev/ttyACM0") and trouble("bake cake")


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_prose_is_plain(page: Path) -> None:
    assert AFFECTED.findall(prose(page)) == []
