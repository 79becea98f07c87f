# SPDX-License-Identifier: Apache-2.0
"""Library code does not print: it logs, and tells its progress; the command line alone shows either."""

import ast
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinydf import progress
from tinydf.cli.console import listen

ROOT = Path(__file__).parents[1] / "tinydf"
LIBRARY = sorted(path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "cli")
SHOWS = ("rich", "tinydf.cli")


def faults(source: str) -> Iterator[str]:
    """What a module does that only the command line may, by line."""
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if not _is_main(one)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.expr):
            continue
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{one.name}" for one in node.names]
        else:
            names = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{node.lineno}: print()"
        for name in names:
            if any(name == one or name.startswith(f"{one}.") for one in SHOWS):
                yield f"{node.lineno}: import {name}"


def _is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which no import runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_library_code_does_not_print(path: Path) -> None:
    """But for `__main__.py`, which is a program."""
    assert path.name == "__main__.py" or not list(faults(path.read_text()))


def test_the_rule_finds_what_it_forbids() -> None:
    bad = "import rich.table\nfrom rich import box\nfrom tinydf.cli import console\ndef f():\n    print(1)\n"
    assert len(list(faults(bad))) == 4
    good = "import logging\nfrom tinydf.click import x\nif __name__ == '__main__':\n    print(1)\n"
    assert not list(faults(good))


def test_a_library_user_sees_nothing(tmp_path: Path) -> None:
    """Neither notes nor warnings, until the program asks for them."""
    code = (
        "import logging, sys; import tinydf; from tinydf.data.folder import logger; from tinydf import progress\n"
        "def work():\n"
        "    with progress.bar('work', 2) as bar, progress.spinner('more') as say:\n"
        "        bar.update(advance=1, tally='half'); say('yet'); logger.info('a note'); logger.warning('careful')\n"
        "work(); print('--', file=sys.stderr, flush=True); logging.basicConfig(level=logging.INFO); work()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == ""
    before, after = done.stderr.split("--\n")
    assert before == ""
    assert after == "INFO:tinydf.data.folder:a note\nWARNING:tinydf.data.folder:careful\n"


@pytest.fixture
def quiet_again() -> Iterator[None]:
    """The command line's listener stays with the session; its level and display do not."""
    logger = logging.getLogger("tinydf")
    level = logger.level
    yield
    logger.setLevel(level)
    progress.show_on(None)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (logging.DEBUG, ["gcc [x]", "made \\x1b[red] of 100 %", "warning: skipped :warning:"]),
        (logging.INFO, ["made \\x1b[red] of 100 %", "warning: skipped :warning:"]),
        (logging.WARNING, ["warning: skipped :warning:"]),
        (logging.ERROR, []),
    ],
)
@pytest.mark.usefixtures("quiet_again")
def test_what_is_logged_is_shown_as_it_is(level: int, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Once, however often the command line was set up; markup and control characters are text."""
    for _ in range(2):
        listen(level)
    logger = logging.getLogger("tinydf.anything")
    logger.debug("gcc %s", "[x]")
    logger.info("made %s of 100 %%", "\x1b[red]")
    logger.warning("skipped %s", ":warning:")
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", shown)


@pytest.mark.usefixtures("quiet_again")
def test_progress_is_shown_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; of a process that works beside another, never."""
    for level, shown in ((logging.INFO, True), (logging.WARNING, False), (logging.INFO, None)):
        listen(level)
        with progress.bar("[b]work", 4, 1, "begun", shown=shown is not None) as bar:
            bar.update(advance=2, tally="[i]well")
            bar.update(completed=4)
        out, err = capsys.readouterr()
        assert out == ""
        assert ("[b]work" in err and "4/4" in err and "[i]well" in err) is bool(shown)
