# SPDX-License-Identifier: Apache-2.0
"""`tinydf`: the commands by name, loaded only when called, and every error as one line."""

import errno
import importlib
import io
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from tinydf import __version__
from tinydf.cli.console import listen
from tinydf.cli.options import group_workspace
from tinydf.errors import TinydfError
from tinydf.installation import missing
from tinydf.text import printable

# name of the command -> what it is for. The command is `command` in the module `tinydf.cli.<name>`.
COMMANDS = {
    "demo": "All seven stages on embedded photographs and an emulated board.",
    "data": "Make and inspect data sets.",
    "pretrain": "Pre-train a detector without labels.",
    "train": "Train a detector from a recipe.",
    "evaluate": "Measure a trained detector, per platform and per generator.",
    "export": "Write ONNX, int8 TFLite and C arrays, with numbers checked at every stage.",
    "compile": "Compile an int8 .tflite to C.",
    "package": "Write a model as a library for a C program, Arduino, ESP-IDF, Zephyr or CMSIS-Pack.",
    "simulate": "Judge a data set by the board's C on this machine.",
    "profile": "Measure one model on one board, layer by layer.",
    "build": "Build the firmware for a board.",
    "arena": "Find the exact arena that a model needs on a board with TFLM.",
    "flash": "Put the firmware on a board, or start it on an emulated one.",
    "ports": "List serial ports, which board each may be, and who answers.",
    "emulator": "List and stop emulated boards.",
    "bench": "Stream images to a board; measure accuracy, latency and memory there.",
    "report": "Write one self-contained page about a run.",
    "status": "Show what the workspace holds, what is stale, and what to type next.",
    "boards": "List, show and check boards.",
    "doctor": "List what this machine has, what is missing, and how to install it.",
}

# What a path, a permission or a full disk can do to any command; other OSErrors are bugs and keep their traceback.
OF_THE_FILE_SYSTEM = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EFBIG,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class LazyGroup(click.Group):
    """Imports a command's module when it is called, so that `tinydf --help` needs neither torch nor TensorFlow."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"tinydf.cli.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tinydf")
@group_workspace
@click.option("-v", "--verbose", is_flag=True, help="Show the programs that are run, too.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings, errors and results alone.")
def main(verbose: bool, quiet: bool) -> None:
    """Put deepfake detectors on microcontrollers: train, export, compile, flash, bench."""
    listen(_level(verbose, quiet))


def _level(verbose: bool, quiet: bool) -> int:
    """What is logged from that level on is shown: by -v or -q, or else by TINYDF_LOG."""
    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other")
    if verbose or quiet:
        return logging.DEBUG if verbose else logging.WARNING
    name = os.environ.get("TINYDF_LOG") or "info"
    if name.lower() not in LEVELS:
        raise click.UsageError(f"TINYDF_LOG is {name!r}; it takes {', '.join(LEVELS)}")
    return LEVELS[name.lower()]


def run() -> None:
    """Run the command line."""
    with errors_as_lines():
        status = main.main(standalone_mode=False)
    sys.exit(status if isinstance(status, int) else 0)


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """An expected error ends the program with one line and status 1, Ctrl-C with 130; what is logged is shown."""
    listen()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        click.echo(printable(said.getvalue(), keep="\n"), err=True, nl=False)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        fail("interrupted", 130)
    except KeyboardInterrupt:
        fail("interrupted", 130)
    except TinydfError as error:
        fail(str(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        install = missing(module, _command())
        if install is None:
            raise
        fail(f"this command needs {module}: {install}")
    except OSError as error:
        if error.errno not in OF_THE_FILE_SYSTEM:
            raise
        fail(f"{error.filename or 'writing a file'}: {error.strerror}")


def _command() -> str | None:
    """The command that is being run, as it was typed."""
    return next((one for one in sys.argv[1:] if one in COMMANDS), None)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first Ctrl-C ends the command; a second, impatient one does not keep it from removing half-written files."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def fail(line: str, status: int = 1) -> None:
    """Print one line on standard error and exit."""
    click.echo(printable(f"tinydf: {line}"), err=True)
    sys.exit(status)
