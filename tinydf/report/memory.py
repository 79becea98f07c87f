# SPDX-License-Identifier: Apache-2.0
"""What fills each memory of a board, for the memory map."""

from pydantic import BaseModel, ConfigDict

from tinydf.artefacts.build import Build, SectionSize
from tinydf.boards.sizes import ARENA, ESP_IDF_ARENA, STACK

WHAT = {
    ".vectors": "vector table",
    ".text": "code",
    ".rodata": "weights and tables",
    ".ARM.exidx": "unwind index",
    ".hot": "hot code",
    ".data": "initialised variables",
    ".bss": "zeroed variables",
    STACK: "stack",
    ARENA: "arena (tensors)",
    ESP_IDF_ARENA: "arena (tensors)",
    ".flash.text": "code",
    ".flash.rodata": "weights and tables",
    ".iram0.text": "hot code",
    ".dram0.data": "initialised variables",
    ".dram0.bss": "zeroed variables",
    ".dram0.dummy": "hot code, seen as data",
}


class Part(BaseModel):
    """A section's bytes in a memory, and how many of them were seen in use, where that is measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    section: str
    bytes: int
    used_bytes: int | None = None


class Region(BaseModel):
    """A memory with what fills it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    bytes: int
    parts: list[Part]

    @property
    def used(self) -> int:
        """Bytes taken."""
        return sum(part.bytes for part in self.parts)


def regions(build: Build, peak_stack_bytes: int | None) -> list[Region]:
    """The memories of a build's board; of the stack, what the board itself saw in use."""
    found = []
    for region in build.regions:
        if region.kind == "flash":
            parts = [_in_flash(one, region.name) for one in build.sections if one.flash_region == region.name]
        else:
            parts = [_in_ram(one, peak_stack_bytes) for one in build.sections if one.region == region.name]
        found.append(Region(name=region.name, kind=region.kind, bytes=region.bytes, parts=parts))
    return found


def _in_flash(section: SectionSize, flash: str) -> Part:
    what = WHAT.get(section.name, section.name)
    if section.region != flash:
        what = f"{what}, to be copied to {section.region}"
    return Part(what=what, section=section.name, bytes=section.flash_bytes)


def _in_ram(section: SectionSize, peak_stack_bytes: int | None) -> Part:
    used = peak_stack_bytes if section.name == STACK else None
    return Part(what=WHAT.get(section.name, section.name), section=section.name, bytes=section.bytes, used_bytes=used)
