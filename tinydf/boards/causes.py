# SPDX-License-Identifier: Apache-2.0
"""Why a build failed: the one line of CMake's, the compiler's or the linker's output that says it."""

import re
from collections.abc import Callable

HEAP = ("malloc", "_malloc_r", "_sbrk", "_sbrk_r", "sbrk")
"""Functions that no firmware here may hold: there is no heap."""

C_LIBRARIES = ("libc.a", "libc_nano.a", "libg.a", "libgcc.a", "libm.a", "libstdc++", "libsupc++")

_LD = re.compile(r"^\S*\bld(\.\w+)?(\.exe)?: ")
_OVERFLOW = re.compile(r"region [`']?(\w+)'? overflowed by (\d+) bytes")
_UNDEFINED = re.compile(r"undefined reference to [`'](.+?)'")
_MULTIPLE = re.compile(r"multiple definition of [`'](.+?)'; (.+?):.*?first defined here")
_MISSING = re.compile(r"cannot find (-l)?([^\s:]+)")
_FLOATS = re.compile(r"(\S+) uses VFP register arguments, (\S+) does not")
_COMPILER = re.compile(r"(?:fatal )?[Ee]rror: (?!ld returned)")
_INSIDE = re.compile(r"(\S+): in function [`'](.+?)'")
_NOISE = re.compile(r"^(collect2: |ninja: build stopped|FAILED: |\[\d+/\d+\] |gmake|make)")
_PULLED = re.compile(r"^(\S+\.a\(.+?\))\s+(\S+) \((.+?)\)$", re.MULTILINE)


def cause(output: str) -> str:
    """One line that says why a step of the build failed."""
    lines = [line.rstrip() for line in output.splitlines()]
    finders: tuple[Callable[[list[str]], str], ...] = (_cmake, _overflow, _compiler, _multiple, _missing, _undefined)
    for finder in finders:
        if found := finder(lines):
            return found
    left = [line.strip() for line in lines if line.strip() and not _NOISE.match(line)]
    return left[-1] if left else "no output"


def undefined(output: str) -> list[str]:
    """The symbols that the linker did not find, in its order, each once."""
    return list(dict.fromkeys(_UNDEFINED.findall(output)))


def puller(linker_map: str, symbols: tuple[str, ...] = HEAP) -> str:
    """Who brought the first of some symbols into a firmware, by the linker's map file; empty if none is in it.

    The C library's own members are passed over: the answer is the object that asked it for something.
    """
    pulled = _archive_members(linker_map)
    by_symbol = {symbol: (member, wanting) for member, wanting, symbol in pulled}
    by_member = {member: (wanting, symbol) for member, wanting, symbol in pulled}
    for symbol in symbols:
        if symbol in by_symbol:
            return _ours(by_member, *by_symbol[symbol], symbol)
    return ""


def _ours(by_member: dict[str, tuple[str, str]], member: str, wanting: str, symbol: str) -> str:
    """Up from a member of the C library to the first object that is not of it, and what that asked for."""
    seen = {member}
    while _short(wanting).startswith(C_LIBRARIES) and wanting in by_member and wanting not in seen:
        seen.add(wanting)
        wanting, symbol = by_member[wanting]
    return f"{_short(wanting)}, which wants {symbol}"


def _archive_members(linker_map: str) -> list[tuple[str, str, str]]:
    """Member, the object that wanted it, and the symbol: the map's first table, whose lines may be broken in two."""
    table = linker_map.partition("Discarded input sections")[0]
    return _PULLED.findall(re.sub(r"\n\s+", " ", table))


def _short(path: str) -> str:
    """A file without its directories; `dir/libx.a(y.o)` -> `libx.a(y.o)`."""
    file, parenthesis, member = path.partition("(")
    return file.rsplit("/", 1)[-1] + parenthesis + member


def _cmake(lines: list[str]) -> str:
    """A CMake error, whose text stands in the indented lines after it, wrapped."""
    for number, line in enumerate(lines):
        if not line.startswith("CMake Error"):
            continue
        text: list[str] = []
        for follows in lines[number + 1 :]:
            if follows and not follows.startswith("  "):
                break
            text.append(follows.strip())
        said = " ".join(" ".join(text).split())
        return said or line
    return ""


def _overflow(lines: list[str]) -> str:
    found = [match for line in lines if (match := _OVERFLOW.search(line))]
    return "; ".join(dict.fromkeys(f"region {one[1]} overflowed by {one[2]} bytes" for one in found))


def _compiler(lines: list[str]) -> str:
    for line in lines:
        if match := _FLOATS.search(line):
            return f"{_short(match[1])} passes floats in registers, {_short(match[2])} does not"
        if _COMPILER.search(line) and not line.startswith("CMake"):
            return _LD.sub("", line.strip())
    return ""


def _multiple(lines: list[str]) -> str:
    for line in lines:
        if match := _MULTIPLE.search(line):
            ours = _LD.sub("", line).partition(": multiple")[0].rsplit(":", 1)[0]
            return f"multiple definition of {match[1]}, in {_short(ours)} and {_short(match[2])}"
    return ""


def _missing(lines: list[str]) -> str:
    for line in lines:
        if _LD.match(line) and (match := _MISSING.search(line)):
            return f"the linker cannot find {'library ' if match[1] else ''}{match[2]}"
    return ""


def _undefined(lines: list[str]) -> str:
    symbols = undefined("\n".join(lines))
    if not symbols:
        return ""
    where = ""
    for line in lines:
        if match := _INSIDE.search(line):
            where = f" in {match[2]} of {_short(match[1])}"
        if _UNDEFINED.search(line):
            break
    more = f", and {len(symbols) - 1} more: {', '.join(symbols[1:6])}" if len(symbols) > 1 else ""
    return f"undefined reference to {symbols[0]}{where}{more}"
