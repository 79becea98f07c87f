"""Targets: each a function that turns kernel calls into ones that its cores run faster, or leaves them as they are."""

from collections.abc import Callable

from tinydf.compiler.ir.calls import Layer
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.targets.armv7e_m.select import specialise as armv7e_m
from tinydf.compiler.targets.armv81m.select import specialise as armv81m
from tinydf.compiler.targets.rv32imc.select import specialise as rv32imc

Specialise = Callable[[Graph, list[Layer]], list[Layer]]


def generic(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Plain C, for every machine."""
    return layers


TARGETS: dict[str, Specialise] = {
    "generic": generic,
    "armv7e-m": armv7e_m,
    "armv8.1-m": armv81m,
    "rv32imc": rv32imc,
}

CORES = {
    "generic": "generic",
    "cortex-m4": "armv7e-m",
    "cortex-m7": "armv7e-m",
    "cortex-m33": "armv7e-m",
    "cortex-m55": "armv8.1-m",
    "rv32imc": "rv32imc",
}


def target_of(core: str) -> str:
    """The target for a processor core, such as "cortex-m7"; "generic" for one that has no kernels of its own."""
    return CORES.get(core, "generic")
