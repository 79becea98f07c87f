# SPDX-License-Identifier: Apache-2.0
"""What this installation of tinydf came from, and the command that adds an extra to it.

No registry has tinydf, so an extra is installed from where tinydf itself was: a clone, a wheel, an address. pip keeps
that in `direct_url.json` (the packaging specifications, "Recording the Direct URL Origin of installed distributions").
"""

import importlib.metadata
import shlex
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

NAME = "tinydf"
_BESIDE = Path(__file__).resolve().parent.parent

# top-level module -> the extras that bring it
EXTRAS = {
    "torch": ("train", "data", "export"),
    "safetensors": ("train", "export"),
    "tensorboard": ("train",),
    "tomli_w": ("train",),
    "onnx": ("export",),
    "onnxruntime": ("export",),
    "onnx2tf": ("export",),
    "tensorflow": ("export",),
    "tflite_micro": ("profile", "export"),
    "ai_edge_litert": ("export",),
    "h5py": ("data",),
    "matplotlib": ("report",),
    "ray": ("ray",),
}

# command -> the extras that all of it wants; a command that is not here wants one only for some of what it does
WANTS = {
    "data": ("data",),
    "pretrain": ("train",),
    "train": ("train",),
    "evaluate": ("train",),
    "export": ("export",),
    "profile": ("profile",),
    "demo": ("data", "train", "export", "report"),
}

EXPORT_PYTHON = (3, 11)
"""The one that TensorFlow's pins are for; on a later Python the extra `export` is empty."""


def install(*extras: str, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """The command line that installs extras of tinydf (or tinydf alone, with what it needs), quoted for a shell.

    For an extra that this Python cannot have, it makes an environment of the Python that can.

    Args:
        extras: their names.
        python: the version of this Python.
    """
    wanted = ",".join(extras)
    target = _target(f"[{wanted}]" if wanted else "")
    if "export" not in extras or python == EXPORT_PYTHON:
        return f"{_pip()} install {target}"
    needed, this = (".".join(map(str, version)) for version in (EXPORT_PYTHON, python))
    folder = f"tinydf-python{needed}"
    make = f"python{needed} -m venv {folder} && {folder}/bin/pip install {target}"
    return f"{make}  # TensorFlow's pins need Python {needed}, this is {this}"


def install_package(name: str) -> str:
    """The command line that installs another package beside tinydf."""
    return f"{_pip()} install {shlex.quote(name)}"


def missing(module: str, command: str | None) -> str | None:
    """The command line that brings a missing module to a command; None if no extra of tinydf has that module.

    Args:
        module: its top-level name.
        command: `train` of `tinydf train`.
    """
    bringers = EXTRAS.get(module)
    if bringers is None:
        return None
    wanted = WANTS.get(command or "", ())
    return install(*wanted) if set(wanted) & set(bringers) else install(bringers[0])


def _pip() -> str:
    """pip of this Python: by its short name where a shell finds this one by it."""
    found = shutil.which("pip")
    if found and Path(found).parent.absolute() == Path(sys.executable).parent.absolute():
        return "pip"
    return f"{shlex.quote(sys.executable)} -m pip"


class _Directory(BaseModel):
    editable: bool = False


class _Repository(BaseModel):
    vcs: str


class _Origin(BaseModel):
    """direct_url.json."""

    url: str
    dir_info: _Directory = _Directory()
    vcs_info: _Repository | None = None


def _target(extras: str) -> str:
    """What pip is to install, quoted, with the option that goes with it."""
    try:
        recorded = importlib.metadata.distribution(NAME).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:  # the source tree itself, on PYTHONPATH
        return f"-e {shlex.quote(f'{_BESIDE}{extras}')}"
    if recorded is None:  # by its name, from an index that has it
        return shlex.quote(f"{NAME}{extras}")
    origin = _Origin.model_validate_json(recorded)
    address = urlsplit(origin.url)
    if address.scheme != "file":
        kind = f"{origin.vcs_info.vcs}+" if origin.vcs_info else ""
        return shlex.quote(f"{NAME}{extras} @ {kind}{origin.url}")
    path = Path(unquote(address.path))
    if not path.exists():
        return f"{shlex.quote(f'.{extras}')} in a clone of {NAME} ({path}, which it came from, is gone)"
    if origin.dir_info.editable:
        return f"-e {shlex.quote(f'{path}{extras}')}"
    meant_otherwise = set(str(path)) & set("[];@")  # pip would take a part of such a path for extras or a marker
    return shlex.quote(f"{NAME}{extras} @ {origin.url}" if meant_otherwise else f"{path}{extras}")
