# SPDX-License-Identifier: Apache-2.0
"""What a firmware takes of each memory, read from its ELF file."""

from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section
from elftools.elf.segments import Segment

from tinydf.artefacts.build import RegionSize, SectionSize, Sizes
from tinydf.boards.board import Board

ARENA, STACK = ".arena", ".stack"
ESP_IDF_ARENA = ".noinit"  # ESP-IDF's linker script has no section for it alone
ESP_IDF_DUMMY = ".dummy"  # ends the names of sections that only keep addresses free, for what another bus sees there


def read_sizes(elf: Path, board: Board) -> Sizes:
    """Measure an ELF file on a board's memory map."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        kept = [one for one in image.iter_sections() if one["sh_flags"] & SH_FLAGS.SHF_ALLOC and one["sh_size"]]
        segments = list(image.iter_segments("PT_LOAD"))
        sections = tuple(_section(one, segments, board) for one in kept)
        in_ram = [size for one, size in zip(kept, sections, strict=True) if _is_ram(one, size, board)]
    flash = sum(one.flash_bytes for one in sections)
    stack = sum(one.bytes for one in sections if one.name == STACK)
    return Sizes(
        flash_bytes=flash,
        static_ram_bytes=sum(one.bytes for one in in_ram if _is_static(one.name)),
        stack_bytes=stack,
        sections=sections,
        regions=_regions(sections, board),
    )


def _is_static(name: str) -> bool:
    return name not in {ARENA, STACK, ESP_IDF_ARENA} and not name.endswith(ESP_IDF_DUMMY)


def defined_symbols(elf: Path, names: tuple[str, ...]) -> list[str]:
    """Those of some symbols that an ELF file defines, in the order of `names`."""
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        there = {one.name for one in table.iter_symbols() if one["st_shndx"] != "SHN_UNDEF"} if table else set()
    return [name for name in names if name in there]


def _section(section: Section, segments: list[Segment], board: Board) -> SectionSize:
    address, size = section["sh_addr"], section["sh_size"]
    moved = [one["p_paddr"] - one["p_vaddr"] for one in segments if one.section_in_segment(section)]
    has_content = section["sh_type"] != "SHT_NOBITS"
    return SectionSize(
        name=section.name,
        region=_region_at(address, board),
        address=address,
        bytes=size,
        flash_bytes=size if has_content else 0,
        flash_region=_flash_region(address, moved, board) if has_content and moved else "-",
    )


def _flash_region(address: int, moved: list[int], board: Board) -> str:
    """Where a section's content is programmed: by its load address, which ESP-IDF's ELF files do not tell."""
    if board.esp_idf is None:
        return _region_at(address + moved[0], board)
    return next(name for name, memory in board.memory.items() if memory.kind == "flash")


def _region_at(address: int, board: Board) -> str:
    found = [name for name, memory in board.memory.items() if memory.origin <= address < memory.end]
    return found[0] if found else "-"


def _is_ram(section: Section, size: SectionSize, board: Board) -> bool:
    if board.memory:
        return size.region in board.memory and board.memory[size.region].kind == "ram"
    return bool(section["sh_flags"] & SH_FLAGS.SHF_WRITE)


def _regions(sections: tuple[SectionSize, ...], board: Board) -> tuple[RegionSize, ...]:
    found = []
    for name, memory in board.memory.items():
        inside = sum(one.bytes for one in sections if one.region == name)
        loaded = sum(one.flash_bytes for one in sections if one.flash_region == name)
        used = loaded if memory.kind == "flash" else inside
        found.append(RegionSize(name=name, kind=memory.kind, used_bytes=used, bytes=memory.bytes))
    return tuple(found)
