# SPDX-License-Identifier: Apache-2.0
"""A made-up core whose tables are looked up four bytes at a time; all else is plain C."""

from dataclasses import dataclass, replace
from pathlib import Path

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.kernel import Costs, Kernel
from tinydf.compiler.ir.records import U32, Bytes, Record
from tinydf.compiler.lowering.reference import LOOKUP, Lookup
from tinydf.compiler.targets.target import Target


@dataclass(frozen=True)
class LookupByFour(Record, c="lookup_by_four_parameters"):
    """The C struct `tdf_lookup_by_four_parameters`."""

    words: U32
    rest: U32
    table: Bytes


COSTS = Costs(mac=5, output=20, run=150, moved=1)
LOOKUP_BY_FOUR = Kernel("lookup_by_four", LookupByFour, costs=COSTS, header="lookup_by_four.h")


def lookup(call: Call) -> Call:
    """Four bytes at a time, and up to three that are left."""
    p = call.parameters
    assert isinstance(p, Lookup)
    return replace(call, kernel=LOOKUP_BY_FOUR, parameters=LookupByFour(p.count // 4, p.count % 4, p.table))


TARGET = Target(
    name="example",
    features=frozenset(),
    kernels={LOOKUP: lookup},
    costs=COSTS,
    cores=("example-core",),
    sources=Path(__file__).parent,
)
