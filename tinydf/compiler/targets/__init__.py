# SPDX-License-Identifier: Apache-2.0
"""All targets by name, and all cores: those of this folder, and those that other packages bring (`tinydf.targets`)."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from tinydf.compiler.targets import armv7e_m, armv81m, generic, rv32imc
from tinydf.compiler.targets.target import Target
from tinydf.errors import TinydfError

GROUP = "tinydf.targets"


def _known() -> dict[str, Target]:
    """The targets of this folder, then those of other packages by name.

    Raises:
        TinydfError: if a package announces what is no target, or one whose name or core another has.
    """
    targets = {one.TARGET.name: one.TARGET for one in (generic, armv7e_m, armv81m, rv32imc)}
    for announced in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        target = _loaded(announced)
        if target.name in targets:
            raise _refusal(announced, f"a target {target.name}, which there is already")
        taken = {core for one in targets.values() for core in one.cores}.intersection(target.cores)
        if taken:
            raise _refusal(announced, f"a target for {min(taken)}, which has one already")
        targets[target.name] = target
    return targets


def _loaded(announced: EntryPoint) -> Target:
    try:
        target = announced.load()
    except (ImportError, AttributeError):
        target = None
    if not isinstance(target, Target):
        raise _refusal(announced, f"a target in {announced.value}, which has none")
    return target


def _refusal(announced: EntryPoint, what: str) -> TinydfError:
    name = announced.dist.name if announced.dist else announced.name
    return TinydfError(f"the package {name} announces {what}", f"update it, or uninstall {name}")


TARGETS: Mapping[str, Target] = _known()
CORES: Mapping[str, Target] = {core: target for target in TARGETS.values() for core in target.cores}


def target_named(name: str) -> Target:
    """A target by its name, such as "armv7e-m".

    Raises:
        TinydfError: if there is none of that name.
    """
    if name not in TARGETS:
        raise TinydfError(f"unknown target {name!r}", f"give one of {', '.join(TARGETS)}")
    return TARGETS[name]


def target_of(core: str) -> Target:
    """The target for a processor core, such as "cortex-m7".

    Raises:
        TinydfError: if no target is for that core.
    """
    if core not in CORES:
        raise TinydfError(f"there are no kernels for the core {core!r}", f"give one of {', '.join(CORES)}")
    return CORES[core]
