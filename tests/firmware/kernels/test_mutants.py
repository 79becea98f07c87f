# SPDX-License-Identifier: Apache-2.0
"""The mutation run (`make mutants`) has a fault for every kernel; the run itself takes minutes and is a command."""

from tests.mutants import FAULTS, source_of
from tinydf.resources import KERNELS

FORWARDED = {"dense_mve.c", "lookup_mve.c"}
"""On this machine they only call another kernel; their own instructions run on emulated boards."""


def test_every_kernel_has_a_fault() -> None:
    sources = {path.name for path in KERNELS.glob("*/*.c")}
    assert {fault.file for fault in FAULTS} == sources - FORWARDED


def test_every_fault_is_one() -> None:
    for fault in FAULTS:
        text = source_of(fault).read_text(encoding="utf-8")
        assert fault.right in text, fault
        assert fault.right != fault.wrong
