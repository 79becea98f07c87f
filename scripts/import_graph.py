# SPDX-License-Identifier: Apache-2.0
"""`make imports`: which room of tinydf imports which, as a table and as a picture.

The picture is drawn by Graphviz (`apt-get install graphviz`); its arrows point down, from a room to what it imports. It
leaves out the rooms that nearly every other one imports, and arrows that others imply.
"""

import argparse
import subprocess
from collections import Counter
from pathlib import Path

import grimp

ROOT = "tinydf"
EVERYWHERE = {f"{ROOT}.{room}" for room in ("errors", "files", "installation", "progress", "resources", "text")}


def arrows() -> Counter[tuple[str, str]]:
    """How many imports lead from one room to another; imports inside functions count, too."""
    graph = grimp.build_graph(ROOT, cache_dir=None)
    found: Counter[tuple[str, str]] = Counter()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = (_room(importer), _room(imported))
            if pair[0] != pair[1] and ROOT not in pair:
                found[pair] += 1
    return found


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def circles(found: Counter[tuple[str, str]]) -> int:
    """How many pairs of rooms reach each other."""
    below: dict[str, set[str]] = {}
    for importer, imported in found:
        below.setdefault(importer, set()).add(imported)
    reached = {room: _reach(room, below) for room in below}
    return sum(
        one < other and other in reached[one] and one in reached.get(other, ()) for one in reached for other in reached
    )


def _reach(room: str, below: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [room]
    while waiting:
        for one in below.get(waiting.pop(), set()) - seen:
            seen.add(one)
            waiting.append(one)
    return seen


def dot(found: Counter[tuple[str, str]]) -> str:
    """The graph in Graphviz's language."""
    lines = ["digraph rooms {", "  node [shape=box, style=rounded, fontname=sans]", "  edge [color=gray40]"]
    for (importer, imported), count in sorted(found.items()):
        if EVERYWHERE & {importer, imported}:
            continue
        names = (one.removeprefix(f"{ROOT}.") for one in (importer, imported))
        lines.append('  "{}" -> "{}" [penwidth={:.1f}]'.format(*names, 0.6 + min(count, 20) / 10))
    return "\n".join([*lines, "}\n"])


def main() -> None:
    """Print the table, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--svg", type=Path, help="where to draw")
    arguments = parser.parse_args()
    found = arrows()
    for importer in sorted({one for one, _ in found}):
        below = ", ".join(
            f"{other.removeprefix(f'{ROOT}.')} {n}" for (one, other), n in sorted(found.items()) if one == importer
        )
        print(f"{importer.removeprefix(f'{ROOT}.')}: {below}")
    print(f"{len(found)} arrows, {circles(found)} pairs of rooms that reach each other")
    if arguments.svg:
        reduced = subprocess.run(["tred"], input=dot(found).encode(), stdout=subprocess.PIPE, check=True)
        subprocess.run(["dot", "-Tsvg", "-o", str(arguments.svg)], input=reduced.stdout, check=True)


if __name__ == "__main__":
    main()
