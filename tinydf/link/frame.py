# SPDX-License-Identifier: Apache-2.0
"""Frames on the line: 0x00 COBS(header | payload | CRC-32) 0x00. See docs/reference/protocol.md."""

import zlib
from dataclasses import dataclass

from cobs import cobs

from tinydf.link import wire

DELIMITER = b"\0"


@dataclass(frozen=True)
class Frame:
    """One frame; `type` is a number, since the other side may send one that is not known here."""

    type: int
    session: int
    sequence: int
    payload: bytes = b""
    version: int = wire.VERSION


def encode(frame: Frame) -> bytes:
    """The frame as it stands on the line, with both delimiters.

    Raises:
        ValueError: if the payload is larger than wire.MAX_PAYLOAD.
    """
    if len(frame.payload) > wire.MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(frame.payload)} bytes; {wire.MAX_PAYLOAD} is the most")
    header = wire.Header(frame.version, frame.type, frame.session, frame.sequence, len(frame.payload))
    body = header.pack() + frame.payload
    checked = body + zlib.crc32(body).to_bytes(wire.CRC_BYTES, "little")
    return DELIMITER + bytes(cobs.encode(checked)) + DELIMITER


def decode(encoded: bytes) -> Frame | None:
    """The frame between two delimiters, or None if it is damaged."""
    try:
        checked = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return None
    body, crc = checked[: -wire.CRC_BYTES], checked[-wire.CRC_BYTES :]
    if len(body) < wire.HEADER_BYTES or zlib.crc32(body) != int.from_bytes(crc, "little"):
        return None
    header, payload = wire.Header.unpack(body)
    if header.length != len(payload):
        return None
    return Frame(header.type, header.session, header.sequence, payload, header.version)


class Receiver:
    """Takes frames out of a stream of bytes.

    Attributes:
        dropped: how many damaged frames there were.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._partial = b""

    def push(self, data: bytes) -> list[Frame]:
        """The whole frames that `data`, the next bytes of the stream, ends."""
        *ended, self._partial = (self._partial + data).split(DELIMITER)
        # A frame that never ends is not kept: nothing that long can be right.
        self._partial = self._partial[-wire.ENCODED_BYTES :]
        frames = [decode(part) for part in ended if part]
        self.dropped += frames.count(None)
        return [frame for frame in frames if frame is not None]

    def reset(self) -> None:
        """Forget what was begun."""
        self._partial = b""
