"""Targets: each a function that turns a kernel call into one that its cores run faster, or leaves it as it is."""

from collections.abc import Callable

from tinydf.compiler.lowering import Call
from tinydf.compiler.targets.armv7e_m import specialise as armv7e_m

Specialise = Callable[[Call], Call]


def generic(call: Call) -> Call:
    """Plain C, for every machine."""
    return call


TARGETS: dict[str, Specialise] = {"generic": generic, "armv7e-m": armv7e_m}

_CORES = {"cortex-m4": "armv7e-m", "cortex-m7": "armv7e-m"}


def target_of(core: str) -> str:
    """The target for a processor core, such as "cortex-m7"; "generic" for one that has no kernels of its own."""
    return _CORES.get(core, "generic")
