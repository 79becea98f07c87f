# SPDX-License-Identifier: Apache-2.0
"""How a line behaves, learned from its own answers: how long to wait for one, and how much to send in a frame."""

from math import sqrt

FIRST_WAIT_SECONDS = 0.25  # before a round trip was seen: USB, a busy host, an emulator that shares its processor
SHORTEST_WAIT_SECONDS = 0.01
LONGEST_WAIT_SECONDS = 2.0
REMEMBERED_BYTES = 50_000
"""What was sent longer ago than this hardly counts for how often the line damages a byte."""


class RoundTrip:
    """How long to wait for an answer before the request is sent again, by RFC 6298.

    Only answers to a request that was sent once are measured (Karn and Partridge 1987): of another one nobody knows
    which request it answers. So a lost answer makes no later wait longer.
    """

    def __init__(self) -> None:
        self._mean: float | None = None
        self._deviation = 0.0

    @property
    def wait(self) -> float:
        """Seconds, the time that the bytes themselves take apart."""
        if self._mean is None:
            return FIRST_WAIT_SECONDS
        return min(max(self._mean + 4 * self._deviation, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

    def answered(self, seconds: float) -> None:
        """Learn from a request that was sent once, and its answer came after so many seconds."""
        if self._mean is None:
            self._mean, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
        self._mean += (seconds - self._mean) / 8

    def late(self) -> None:
        """Learn from an answer that came after it had been asked for again."""
        self._deviation = min(2 * self._deviation, LONGEST_WAIT_SECONDS / 4)


class ChunkSize:
    """How many bytes to send in a frame, by how often the line damages one.

    A frame of n bytes and its answer cost h bytes besides; each byte is damaged with probability p. What it takes to
    bring one byte over is least for n of about sqrt(h / p).

    Args:
        largest: what the board takes.
        overhead: h, bytes.
    """

    def __init__(self, largest: int, overhead: int) -> None:
        self._largest = largest
        self._overhead = overhead
        self._bytes = 0.0
        self._damaged = 0.0

    @property
    def bytes(self) -> int:
        """Bytes of the next chunk."""
        if self._damaged == 0:
            return self._largest
        best = sqrt(self._overhead * self._bytes / self._damaged)
        return int(min(best, self._largest))  # damage long ago counts so little that the quotient may be infinite

    def sent(self, count: int, damaged: bool) -> None:
        """Learn from a chunk of `count` bytes, which arrived and was answered, or not."""
        kept = max(0.0, 1 - (count + self._overhead) / REMEMBERED_BYTES)
        self._bytes = self._bytes * kept + count + self._overhead
        self._damaged = self._damaged * kept + damaged

    def late(self) -> None:
        """A chunk that was held lost was only late."""
        self._damaged = max(0.0, self._damaged - 1)
