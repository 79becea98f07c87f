# SPDX-License-Identifier: Apache-2.0
import math
import re
import struct
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

from tinydf.link import wire
from tinydf.resources import FIRMWARE


def test_the_committed_c_header_is_what_the_registry_prints() -> None:
    done = subprocess.run([sys.executable, "-m", "tinydf.link.wire"], capture_output=True, text=True, check=True)
    assert (FIRMWARE / "link" / "wire.h").read_text() == done.stdout


def example(layout: type[wire.Layout]) -> wire.Layout:
    """A layout with another value in each member."""
    values: list[Any] = []
    for number, member in enumerate(layout.members()):
        match member.kind:
            case wire.Text():
                values.append(f"text {number}")
            case wire.Octets(count):
                values.append(bytes(range(number, number + count)))
            case wire.Array(_, count):
                values.append(tuple(range(number, number + count)))
            case wire.Scalar("f", _):
                values.append(0.25)
            case wire.Scalar():
                values.append(number + 1)
            case kind:
                values.append(example(kind))
    return layout(*values)


@pytest.mark.parametrize("layout", wire.LAYOUTS, ids=lambda layout: layout.__name__)
def test_a_layout_is_read_as_it_was_written(layout: type[wire.Layout]) -> None:
    written = example(layout)
    packed = written.pack()
    assert len(packed) == layout.size()
    assert layout.unpack(packed + b"rest") == (written, b"rest")


@pytest.mark.parametrize("layout", wire.LAYOUTS, ids=lambda layout: layout.__name__)
def test_a_short_payload_is_refused(layout: type[wire.Layout]) -> None:
    assert layout.size() > 0
    for size in range(layout.size()):
        with pytest.raises(ValueError, match="wants"):
            layout.unpack(bytes(size))


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(struct.error):
        wire.Chunk(2**32, 0).pack()
    hello = example(wire.HelloAnswer)
    values = {field.name: getattr(hello, field.name) for field in fields(hello)}  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="board is longer"):
        wire.HelloAnswer(**{**values, "board": "b" * 32}).pack()


def test_text_that_a_terminal_would_obey_is_refused() -> None:
    packed = example(wire.HelloAnswer).pack()
    for bad in (b"\x1b[2J", b"\xff", b"a\nb"):
        with pytest.raises(ValueError, match=r"board holds control characters|ascii"):
            wire.HelloAnswer.unpack(bad + packed[len(bad) :])


def test_engine_h_has_the_statuses_of_the_registry() -> None:
    text = (FIRMWARE / "engine" / "engine.h").read_text()
    statuses = {name: int(value) for name, value in re.findall(r"^    ENGINE_(\w+) = (\d+),", text, re.MULTILINE)}
    assert statuses == {one.name: one.value for one in wire.EngineStatus}


def test_limits_agree() -> None:
    assert wire.HelloAnswer.size() <= wire.MAX_PAYLOAD
    assert math.ceil(wire.FRAME_BYTES / 254) + wire.FRAME_BYTES + 2 == wire.ENCODED_BYTES


@pytest.mark.parametrize("registry", wire.ENUMERATIONS.values(), ids=wire.ENUMERATIONS)
def test_every_number_on_the_wire_fits_a_byte_and_has_a_meaning(registry: type[wire.Registered]) -> None:
    assert all(0 <= member.value < 256 and member.meaning.endswith(".") for member in registry)
