# SPDX-License-Identifier: Apache-2.0
"""Parameter records in Python and parameter structs in C are the same, field by field; and so are the functions."""

import ast
import re
from pathlib import Path

import pytest

import tinydf
from tinydf.compiler import TARGETS
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.records import CField, Record, c_fields, c_format, subclasses
from tinydf.compiler.lowering import reference
from tinydf.compiler.targets import armv7e_m, armv81m, element_wise, rv32imc
from tinydf.compiler.targets.armv7e_m.kernels import DspChannels
from tinydf.resources import KERNELS

STRUCT = re.compile(r"typedef struct \{\n(.*?)\n\} tdf_(\w+);", re.DOTALL)
FIELD = re.compile(r"^([\w ]+?(?: \*| ))(\w+)(?:\[(\w+)\])?;$")
RANKS = {"TDF_BROADCAST_RANK": "4", "TDF_COPY_RANK": "5"}
HEADERS = {path.name: path.read_text(encoding="utf-8") for path in sorted((KERNELS / "include").glob("*.h"))}
STRUCTS = {name: body for text in HEADERS.values() for body, name in STRUCT.findall(text)}
MODULES = (reference, element_wise, armv7e_m.kernels, armv81m.kernels, rv32imc.kernels)
ALL = sorted(
    {one for module in MODULES for one in vars(module).values() if isinstance(one, Kernel)}, key=lambda k: k.name
)
RECORDS = [one for one in subclasses(Record) if one.__module__.startswith("tinydf.")]


def declared(name: str) -> list[CField]:
    """The fields of a C struct as its header declares them."""
    found = []
    for line in STRUCTS[name].splitlines():
        text = line.partition("//")[0].strip()
        if text:
            match = FIELD.fullmatch(text)
            assert match, text
            count = int(RANKS.get(match[3], match[3])) if match[3] else 0
            found.append(CField(match[1].strip(), match[2], count))
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.c_name))
def test_a_record_is_its_struct(record: type[Record]) -> None:
    assert c_fields(record) == declared(record.c_name)


def test_every_parameter_struct_has_a_record() -> None:
    parameters = {name for name in STRUCTS if name.endswith("_parameters")}
    assert len(parameters) > 30
    assert parameters <= {record.c_name for record in RECORDS}


@pytest.mark.parametrize("kernel", ALL, ids=lambda kernel: str(kernel.name))
def test_a_kernel_is_declared_with_its_parameters(kernel: Kernel) -> None:
    assert f"void {kernel.symbol}(const tdf_{kernel.parameters.c_name} *parameters," in HEADERS[kernel.header]


def test_every_kernel_of_the_header_is_known() -> None:
    names = set(re.findall(r"^void tdf_(\w+)\(", HEADERS["kernels.h"], re.MULTILINE))
    assert names - {kernel.name for kernel in ALL} == {"add_linear_run"}, "which only other kernels call"


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_s_kernels_stand_in_the_folders_of_its_features(name: str) -> None:
    target = TARGETS[name]
    folders = {"reference", *target.features}
    assert folders <= {path.name for path in KERNELS.iterdir()}
    assert all(kernel in vars(reference).values() for kernel in target.kernels)


def test_how_an_array_of_structs_is_written() -> None:
    assert c_format(DspChannels) == "{{%d, %d}, {{%d, %d, %d}, {%d, %d, %d}}}"


def test_a_walk_counts_what_the_record_has() -> None:
    counted = [kernel for kernel in ALL if kernel.walk is not None and kernel.walk.counted_by]
    assert counted
    for kernel in counted:
        assert kernel.walk is not None and kernel.walk.counted_by is not None
        assert kernel.parameters.has(kernel.walk.counted_by), kernel.name


def test_only_targets_name_their_kernels() -> None:
    """No source outside `targets/` has a text that is the name of a target's kernel, or the end of one."""
    own = {kernel.name for kernel in ALL} - {one.name for one in vars(reference).values() if isinstance(one, Kernel)}
    endings = {ending for name in own for ending in (name, name.rpartition("_")[2], f"_{name.rpartition('_')[2]}")}
    package = Path(tinydf.__file__).parent
    found = []
    for path in (package / "compiler").rglob("*.py"):
        if "targets" not in path.relative_to(package).parts:
            texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            found += [(path.name, text) for text in texts if text in endings]
    assert len(own) > 30
    assert found == []
