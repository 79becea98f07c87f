# SPDX-License-Identifier: Apache-2.0
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.host import PROGRAMS, compiled
from tinydf.link import wire
from tinydf.link.frame import Frame, Receiver, decode, encode
from tinydf.resources import FIRMWARE

u8, u32 = st.integers(0, 2**8 - 1), st.integers(0, 2**32 - 1)
payloads = st.one_of(st.binary(max_size=wire.MAX_PAYLOAD), st.integers(0, wire.MAX_PAYLOAD).map(bytes))
frames = st.builds(Frame, type=u8, session=u32, sequence=u32, payload=payloads, version=u8)


@given(frames)
def test_a_frame_comes_back(frame: Frame) -> None:
    encoded = encode(frame)
    assert encoded[0] == encoded[-1] == 0
    assert 0 not in encoded[1:-1]
    assert len(encoded) <= wire.ENCODED_BYTES
    assert decode(encoded[1:-1]) == frame


@given(st.lists(frames, max_size=4), st.integers(1, 300))
def test_frames_come_back_in_whatever_pieces_they_arrive(sent: list[Frame], size: int) -> None:
    stream = b"".join(map(encode, sent))
    receiver = Receiver()
    pieces = [receiver.push(stream[i : i + size]) for i in range(0, len(stream), size)]
    assert [frame for piece in pieces for frame in piece] == sent
    assert receiver.dropped == 0


@given(st.binary(max_size=3000), frames)
def test_after_any_noise_the_next_frame_is_found(noise: bytes, frame: Frame) -> None:
    receiver = Receiver()
    receiver.push(noise)
    assert receiver.push(encode(frame))[-1] == frame


@given(frames, st.data())
def test_a_frame_with_a_changed_byte_is_dropped(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode(frame)[1:-1])
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(encoded)) is None


def test_what_never_ends_is_not_kept() -> None:
    receiver = Receiver()
    for _ in range(1000):
        receiver.push(b"\x01" * 1000)
    assert len(receiver._partial) <= wire.ENCODED_BYTES


def test_too_large_a_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="1025"):
        encode(Frame(1, 1, 1, bytes(wire.MAX_PAYLOAD + 1)))


C_LINK = (FIRMWARE / "link" / "frame.c", FIRMWARE / "link" / "crc32.c")


def test_the_c_side_keeps_its_promises_under_the_sanitizers() -> None:
    done = subprocess.run([compiled(PROGRAMS / "link_checks.c", *C_LINK)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(frames.map(encode), st.binary(max_size=400)), max_size=6))
def test_both_sides_read_the_same_frames_out_of_the_same_bytes(parts: list[bytes]) -> None:
    """programs/link_echo.c writes back, encoded again, each frame that the C receiver took."""
    stream = b"".join(parts) + b"\0"
    echo = compiled(PROGRAMS / "link_echo.c", *C_LINK)
    done = subprocess.run([echo], input=stream, capture_output=True, check=True)
    receiver = Receiver()
    assert done.stdout == b"".join(map(encode, receiver.push(stream)))
    assert done.stderr.decode() == f"{receiver.dropped}\n"
