# SPDX-License-Identifier: Apache-2.0
"""What a line's answers teach: waits follow round trips, chunks follow damage."""

from math import sqrt

from tinydf.link.pace import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    REMEMBERED_BYTES,
    SHORTEST_WAIT_SECONDS,
    ChunkSize,
    RoundTrip,
)


def test_the_wait_follows_the_round_trip_and_its_spread() -> None:
    line = RoundTrip()
    assert line.wait == FIRST_WAIT_SECONDS
    for _ in range(200):
        line.answered(0.05)
    assert 0.05 <= line.wait < 0.06
    for number in range(200):
        line.answered(0.05 if number % 2 else 0.15)
    assert 0.25 < line.wait < 0.4


def test_the_wait_is_bounded() -> None:
    quick, slow = RoundTrip(), RoundTrip()
    for _ in range(50):
        quick.answered(0.0)
        slow.answered(100.0)
    assert quick.wait == SHORTEST_WAIT_SECONDS
    assert slow.wait == LONGEST_WAIT_SECONDS


def test_a_late_answer_makes_the_wait_longer() -> None:
    line = RoundTrip()
    for _ in range(10):
        line.answered(0.03)
    before = line.wait
    line.late()
    assert line.wait > before


def test_chunks_are_as_large_as_the_board_takes_on_a_good_line() -> None:
    size = ChunkSize(1016, 40)
    for _ in range(100):
        size.sent(size.bytes, damaged=False)
    assert size.bytes == 1016


def test_chunks_shrink_to_what_costs_least_and_grow_again() -> None:
    """At one damaged byte in 1,000 the frame and its overhead arrive with (1 - p)^n; see ChunkSize."""
    size, rate, credit = ChunkSize(1016, 40), 1e-3, 0.0
    for _ in range(2000):
        count = size.bytes
        credit += 1 - (1 - rate) ** (count + 40)
        damaged, credit = credit >= 1, credit % 1
        size.sent(count, damaged)
    assert 0.7 * sqrt(40 / rate) < size.bytes < 1.6 * sqrt(40 / rate)
    for _ in range(10 * REMEMBERED_BYTES // size.bytes):
        size.sent(size.bytes, damaged=False)
    assert size.bytes == 1016


def test_damage_is_forgotten_on_a_line_that_stays_good() -> None:
    """Until it is so small a number that its reciprocal is infinite."""
    size = ChunkSize(1016, 40)
    size.sent(1016, damaged=True)
    for _ in range(50_000):
        size.sent(1016, damaged=False)
    assert size.bytes == 1016


def test_a_line_that_damages_everything_leaves_small_chunks() -> None:
    size = ChunkSize(1016, 40)
    for _ in range(100):
        size.sent(size.bytes, damaged=True)
    assert 40 <= size.bytes < 80


def test_a_chunk_that_was_only_late_is_forgiven() -> None:
    size = ChunkSize(1016, 40)
    size.sent(1016, damaged=True)
    assert size.bytes < 1016
    size.late()
    assert size.bytes == 1016
