# SPDX-License-Identifier: Apache-2.0
"""Boards that come in other packages: found by the entry point group `tinydf.boards`, not imported."""

import functools
import importlib.util
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from tinydf.errors import TinydfError

GROUP = "tinydf.boards"


@dataclass(frozen=True)
class Package:
    """Another package with boards.

    Attributes:
        name: the distribution's name and version.
        boards: its folder of board files; its ports are in `port` beside that.
    """

    name: str
    boards: Path


@functools.cache
def other_packages() -> tuple[Package, ...]:
    """The packages that announce boards, by name.

    Raises:
        TinydfError: if one announces boards and has none.
    """
    return tuple(sorted(map(_package, entry_points(group=GROUP)), key=lambda one: one.name))


def _package(announced: EntryPoint) -> Package:
    dist = announced.dist
    name = f"{dist.name} {dist.version}" if dist else announced.name
    try:
        spec = importlib.util.find_spec(announced.module)
    except ModuleNotFoundError:  # of a parent
        spec = None
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if any((boards := Path(folder) / "boards").glob("*.toml")):
            return Package(name, boards.resolve())
    what = f"{name} announces boards in {announced.module}, which has no folder `boards` with a board's file"
    raise TinydfError(what, f"update it, or uninstall {name.partition(' ')[0]}")
