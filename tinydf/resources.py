# SPDX-License-Identifier: Apache-2.0
"""Where the boards, firmware sources and recipes are: in the source tree, or inside the installed wheel."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_resources"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent

BOARDS = _ROOT / "boards"
FIRMWARE = _ROOT / "firmware"
KERNELS = FIRMWARE / "kernels"
MODELS = _ROOT / "models"
LICENSE = _ROOT / "LICENSE"


def cache_directory(room: str) -> Path:
    """A directory for what can be fetched or built again: `$TINYDF_CACHE/room`, else the user's cache."""
    base = os.environ.get("TINYDF_CACHE") or platformdirs.user_cache_dir("tinydf")
    directory = Path(base) / room
    directory.mkdir(parents=True, exist_ok=True)
    return directory
