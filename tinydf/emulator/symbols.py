# SPDX-License-Identifier: Apache-2.0
"""Addresses of a firmware in words: the function, and the source line where there is debug information."""

from bisect import bisect_right
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection


class Symbols:
    """The functions of an ELF file, by address.

    Args:
        elf: a readable ELF file.
    """

    def __init__(self, elf: Path) -> None:
        self._elf = elf
        with elf.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
            functions = {
                one["st_value"] & ~1: (one.name, one["st_size"])
                for one in symbols
                if one["st_info"]["type"] == "STT_FUNC" and one.name
            }
        self._addresses = sorted(functions)
        self._functions = functions

    def describe(self, address: int) -> str:
        """For example `0x08000412 (port_read+14, port/stm32/port.c:88)`; the address alone if nothing is known."""
        known = [one for one in (self.function(address), self.line(address)) if one]
        return f"0x{address:08X} ({', '.join(known)})" if known else f"0x{address:08X}"

    def function(self, address: int) -> str:
        """The function that holds an address, and how far into it that is; empty if none does."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0:
            return ""
        start = self._addresses[index]
        name, size = self._functions[start]
        if address >= start + max(size, 1):
            return ""
        return f"{name}+{address - start}" if address > start else str(name)

    def line(self, address: int) -> str:
        """The source file and line of an address; empty without debug information."""
        with self._elf.open("rb") as file:
            image = ELFFile(file)
            if not image.has_dwarf_info():
                return ""
            dwarf = image.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                found = _line_in(dwarf.line_program_for_CU(unit), address)
                if found:
                    return found
        return ""


def _line_in(program: Any, address: int) -> str:
    """The line table of one compilation unit, searched for an address."""
    before = None
    for entry in program.get_entries() if program else ():
        state = entry.state
        if state is None:
            continue
        if before is not None and not before.end_sequence and before.address <= address < state.address:
            files = program["file_entry"]
            index = before.file - (0 if program["version"] >= 5 else 1)
            return f"{files[index].name.decode(errors='replace')}:{before.line}"
        before = state
    return ""
