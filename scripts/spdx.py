# SPDX-License-Identifier: Apache-2.0
"""Adds the licence's line to the sources that lack it; with --check, lists them and ends with status 1.

python -m scripts.spdx [--check]
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LICENCE = "SPDX-License-Identifier: Apache-2.0"
HASH, BLOCK = f"# {LICENCE}\n", f"/* {LICENCE} */\n"
LINES = {
    **dict.fromkeys((".py", ".cmake", ".txt"), HASH),
    **dict.fromkeys((".c", ".h", ".cc", ".S", ".ld"), BLOCK),
}
PATTERNS = ("*.py", "*.cmake", "*CMakeLists.txt", "*.c", "*.h", "*.cc", "*.S", "*.ld", "scripts/*", ".ci/run")


def lacking() -> list[Path]:
    """The tracked sources without the line; an empty file needs none."""
    command = ["git", "ls-files", "-z", "--", *PATTERNS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = sorted(ROOT / name for name in set(listed.split("\0")) - {""})
    return [path for path in paths if (text := path.read_text(encoding="utf-8")) and LICENCE not in text]


def add(path: Path) -> None:
    """Write the line first in the file, or behind its `#!`."""
    text = path.read_text(encoding="utf-8")
    first = text.index("\n") + 1 if text.startswith("#!") else 0
    path.write_text(text[:first] + LINES.get(path.suffix, HASH) + text[first:], encoding="utf-8")


def main() -> int:
    """Add or list; gives the exit status."""
    found = lacking()
    if "--check" not in sys.argv[1:]:
        for path in found:
            add(path)
        return 0
    for path in found:
        print(f"{path.relative_to(ROOT)}: no licence line: `make format` adds it", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
