# SPDX-License-Identifier: Apache-2.0
"""The application, under the sanitizers: each rule of docs/reference/protocol.md, then a fuzzer's bytes."""

import random
import struct
import subprocess
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.host import (
    INPUT_BYTES,
    OUTPUT_BYTES,
    STDIO_PORT,
    THRESHOLD_STEPS,
    application,
    expected_output,
    expected_verdict,
)
from tinydf.link import wire
from tinydf.link.frame import Frame, Receiver, encode
from tinydf.link.wire import ErrorCode, Message

SESSION = 0xC0FFEE
HELLO = Frame(Message.HELLO, SESSION, 1)
DATA = bytes(random.Random(1).randbytes(INPUT_BYTES))


def converse(*stream: Frame | bytes, definitions: tuple[str, ...] = (), arena_bytes: int = 2560) -> list[Frame]:
    """What the application answers to frames and raw bytes, up to the end of its input."""
    program = application(STDIO_PORT, *definitions, arena_bytes=arena_bytes)
    sent = b"".join(encode(part) if isinstance(part, Frame) else part for part in stream)
    done = subprocess.run([program], input=sent, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    receiver = Receiver()
    answers = receiver.push(done.stdout)
    assert receiver.dropped == 0
    return answers


def request(kind: Message, layout: wire.Layout | None = None, rest: bytes = b"", session: int = SESSION) -> Frame:
    return Frame(kind, session, 99, (layout.pack() if layout else b"") + rest)


def chunk(offset: int, data: bytes, sample: int = 0) -> Frame:
    return request(Message.CHUNK, wire.Chunk(sample, offset), data)


def chunks(data: bytes = DATA, sample: int = 0, size: int = 1000) -> list[Frame]:
    return [chunk(offset, data[offset : offset + size], sample) for offset in range(0, len(data), size)]


def infer(data: bytes = DATA, sample: int = 0, crop: int = 0) -> Frame:
    return request(Message.INFER, wire.Infer(sample, crop, zlib.crc32(data)))


def error(answer: Frame) -> tuple[int, int]:
    """Code and detail of an ERROR answer."""
    assert answer.type == Message.ERROR
    head, rest = wire.ErrorHead.unpack(answer.payload)
    assert rest == (b"what it said" if head.code == ErrorCode.ENGINE else b"")
    return head.code, head.detail


def received(answer: Frame) -> int:
    assert answer.type == Message.CHUNK
    return wire.ChunkAnswer.unpack(answer.payload)[0].received


def result(answer: Frame) -> tuple[wire.ResultHead, bytes]:
    assert answer.type == Message.RESULT
    return wire.ResultHead.unpack(answer.payload)


def test_hello_tells_all_that_the_board_is() -> None:
    (answer,) = converse(HELLO)
    assert (answer.type, answer.session, answer.sequence) == (Message.HELLO, SESSION, 1)
    hello, rest = wire.HelloAnswer.unpack(answer.payload)
    assert rest == b""
    assert hello == wire.HelloAnswer(
        board="fuzz",
        unique_id=b"fuzzing.....",
        build_id="0123abcd",
        engine="aot",
        model_sha256=b"\xaa\0\xbb".ljust(32, b"\0"),
        input=wire.Tensor(4, (1, 50, 50, 1), 0.5, -128, INPUT_BYTES),
        output=wire.Tensor(2, (1, 3, 0, 0), 0.25, 7, OUTPUT_BYTES),
        threshold_steps=5,
        layer_count=3,
        clock_hz=1,
        counter_unit=wire.CounterUnit.CYCLES,
        reset_cause=wire.ResetCause.UNKNOWN,
        boot=wire.Boot.OK,
        engine_status=0,
        buffer_bytes=wire.MAX_PAYLOAD,
        credit_window=wire.ENCODED_BYTES,
        arena_bytes=2560,
        stack_bytes=0,
        dropped_frames=0,
        arena_used=2560,
        library="a library",
        library_sha256=b"\x11\0\x22".ljust(32, b"\0"),
        engine_message="what it said",
    )


def test_an_inference() -> None:
    *_, answer = converse(HELLO, *chunks(), infer())
    head, output = result(answer)
    assert output == expected_output(DATA, runs=1)
    assert head == wire.ResultHead(
        sample=0, crop=0, ticks=1000, peak_stack_bytes=77, fake=expected_verdict(output), arena_intact=1
    )


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_verdict_is_the_outputs(random_bytes: random.Random) -> None:
    data = random_bytes.randbytes(INPUT_BYTES)
    head, output = result(converse(HELLO, *chunks(data), infer(data))[-1])
    assert output == expected_output(data, runs=1)
    assert bool(head.fake) == expected_verdict(output)


def test_an_inference_asked_for_again_is_not_run_again() -> None:
    *_, first, second, third = converse(HELLO, *chunks(), infer(), infer(), infer())
    assert result(first) == result(second) == result(third)


def judge(crops: list[bytes], sample: int = 0) -> list[Frame]:
    """The requests that have one image judged by several crops."""
    return [one for number, data in enumerate(crops) for one in (*chunks(data, sample), infer(data, sample, number))]


def results(answers: list[Frame]) -> list[tuple[wire.ResultHead, bytes]]:
    return [result(one) for one in answers if one.type == Message.RESULT]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_an_image_is_judged_by_the_mean_of_its_crops(random_bytes: random.Random, count: int) -> None:
    crops = [random_bytes.randbytes(INPUT_BYTES) for _ in range(count)]
    given_back = results(converse(HELLO, *judge([DATA], sample=7), *judge(crops)))[1:]
    steps = 0
    for number, (head, output) in enumerate(given_back):
        real, fake = memoryview(output[:2]).cast("b")
        steps += fake - real
        assert (head.sample, head.crop) == (0, number)
        assert bool(head.fake) == (steps > THRESHOLD_STEPS * (number + 1))
    assert len(given_back) == count


def test_a_crop_asked_for_again_counts_once() -> None:
    first, second = judge([DATA]), [*chunks(DATA[::-1]), infer(DATA[::-1], crop=1)]
    plain = results(converse(HELLO, *first, *second))
    assert results(converse(HELLO, *first, first[-1], *second, second[-1])) == [plain[0], plain[0], plain[1], plain[1]]


def test_crops_of_the_same_bytes_count_each() -> None:
    first, second = results(converse(HELLO, *judge([DATA, DATA])))
    assert (first[0].crop, second[0].crop) == (0, 1)
    assert second[1] == expected_output(DATA, runs=2)


def test_a_crop_out_of_turn_is_refused() -> None:
    answers = converse(HELLO, *chunks(), infer(crop=1), infer(), *chunks(), infer(crop=2), infer(sample=1, crop=1))
    refused = [error(one) for one in answers if one.type == Message.ERROR]
    assert refused == [(ErrorCode.CROP, 0), (ErrorCode.CROP, 1), (ErrorCode.CROP, 0)]


def test_a_new_session_forgets_the_crops_before_it() -> None:
    other = [Frame(one.type, 5, one.sequence, one.payload) for one in (*chunks(), infer(crop=1))]
    *_, answer = converse(HELLO, *judge([DATA]), Frame(Message.HELLO, 5, 1), *other)
    assert error(answer) == (ErrorCode.CROP, 0)


def test_the_same_sample_in_a_new_session_is_run_again() -> None:
    other = Frame(Message.HELLO, 5, 1)
    again = [Frame(one.type, 5, one.sequence, one.payload) for one in (*chunks(), infer())]
    *_, answer = converse(HELLO, *chunks(), infer(), other, *again)
    assert result(answer)[1] == expected_output(DATA, runs=2)


def test_the_same_sample_with_other_bytes_is_run_again() -> None:
    other = DATA[::-1]
    *_, answer = converse(HELLO, *chunks(), infer(), *chunks(other), infer(other))
    assert result(answer)[1] == expected_output(other, runs=2)


def test_chunks_may_come_twice_overlap_and_be_of_any_size() -> None:
    parts = [chunk(0, DATA[:1]), chunk(0, DATA[:700]), chunk(0, DATA[:700]), chunk(500, DATA[500:1500])]
    answers = converse(HELLO, *parts, *chunks(size=1016), infer())
    assert [received(one) for one in answers[1:-1]] == [1, 700, 700, 1500, 1500, 2032, INPUT_BYTES]
    assert result(answers[-1])[1] == expected_output(DATA, runs=1)


def test_a_gap_is_told() -> None:
    answers = converse(HELLO, chunk(0, DATA[:10]), chunk(11, DATA[11:20]), chunk(10, DATA[10:20]))
    assert error(answers[2]) == (ErrorCode.OFFSET, 10)
    assert received(answers[3]) == 20


def test_a_chunk_of_another_sample_begins_that_sample() -> None:
    answers = converse(HELLO, chunk(0, DATA[:10]), chunk(10, DATA[10:20], sample=1), chunk(0, DATA[:5], sample=1))
    assert error(answers[2]) == (ErrorCode.OFFSET, 0)
    assert received(answers[3]) == 5


@pytest.mark.parametrize("offset", [INPUT_BYTES, INPUT_BYTES - 9, INPUT_BYTES + 1, 2**31, 2**32 - 1, 2**32 - 10])
def test_a_chunk_past_the_end_is_refused(offset: int) -> None:
    assert error(converse(HELLO, chunk(offset, bytes(10)))[1]) == (ErrorCode.RANGE, INPUT_BYTES)


def test_an_incomplete_input_is_not_run() -> None:
    answers = converse(HELLO, infer(), *chunks()[:-1], infer(), infer(sample=1))
    assert error(answers[1]) == (ErrorCode.INCOMPLETE, 0)
    assert error(answers[4]) == (ErrorCode.INCOMPLETE, 2000)
    assert error(answers[5]) == (ErrorCode.INCOMPLETE, 0)


def test_an_input_of_another_checksum_is_not_run_and_is_sent_again() -> None:
    answers = converse(HELLO, *chunks(), infer(DATA[::-1]), infer(), *chunks(), infer())
    assert error(answers[4]) == (ErrorCode.CHECKSUM, zlib.crc32(DATA))
    assert error(answers[5]) == (ErrorCode.INCOMPLETE, 0)
    assert result(answers[-1])[1] == expected_output(DATA, runs=1)


def test_nothing_but_hello_is_served_before_hello() -> None:
    profile = request(Message.PROFILE, wire.Profile(1, 0))
    for one in (*chunks(), infer(), profile, Frame(Message.HELLO, 0, 3), Frame(Message.CHUNK, 0, 3, bytes(9))):
        (answer,) = converse(one)
        assert error(answer) == (ErrorCode.SESSION, 0)
        assert (answer.session, answer.sequence) == (one.session, one.sequence)


def test_another_session_is_refused() -> None:
    answers = converse(HELLO, request(Message.INFER, wire.Infer(0, 0, 0), session=SESSION + 1))
    assert error(answers[1]) == (ErrorCode.SESSION, 0)


def test_a_smaller_arena_starts_the_engine_again() -> None:
    def arena(size: int) -> Frame:
        return request(Message.ARENA, wire.Arena(size))

    answers = converse(HELLO, *chunks(), arena(2559), infer(), arena(2560), infer(), *chunks(), infer())
    small = wire.HelloAnswer.unpack(answers[4].payload)[0]
    assert (small.arena_bytes, small.engine_status) == (2559, wire.EngineStatus.ARENA_TOO_SMALL)
    assert error(answers[5]) == (ErrorCode.ENGINE, wire.EngineStatus.ARENA_TOO_SMALL)
    whole = wire.HelloAnswer.unpack(answers[6].payload)[0]
    assert (whole.arena_bytes, whole.engine_status) == (2560, wire.EngineStatus.OK)
    assert error(answers[7]) == (ErrorCode.INCOMPLETE, 0)
    head, output = result(answers[-1])
    assert output == expected_output(DATA, runs=1) and head.arena_intact
    assert error(converse(HELLO, arena(2561))[1]) == (ErrorCode.RANGE, 2560)


@pytest.mark.parametrize("size", [2561, 2592])
def test_a_byte_written_past_a_cut_arena_is_told(size: int) -> None:
    cut = request(Message.ARENA, wire.Arena(2560))
    answers = converse(HELLO, cut, *chunks(), infer(), definitions=("TEST_OVERRUN=1",), arena_bytes=size)
    assert not result(answers[-1])[0].arena_intact


def test_hello_again_changes_nothing() -> None:
    answers = converse(HELLO, *chunks()[:2], HELLO, *chunks()[2:], infer())
    assert result(answers[-1])[1] == expected_output(DATA, runs=1)


def test_another_version_is_told() -> None:
    (answer,) = converse(Frame(Message.HELLO, SESSION, 1, version=wire.VERSION + 1))
    assert error(answer) == (ErrorCode.VERSION, wire.VERSION)
    assert answer.version == wire.VERSION


@pytest.mark.parametrize("kind", [0, Message.RESULT, Message.ERROR, 8, 255])
def test_what_is_no_request_is_told(kind: int) -> None:
    assert error(converse(HELLO, Frame(kind, SESSION, 2))[1]) == (ErrorCode.TYPE, kind)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        *((Message.HELLO, 1), (Message.CHUNK, 0), (Message.CHUNK, 8), (Message.INFER, 7), (Message.INFER, 9)),
        *((Message.ARENA, 0), (Message.ARENA, 3), (Message.ARENA, 5)),
        *((Message.PROFILE, 5), (Message.PROFILE, 7), (Message.PROFILE, 1024)),
    ],
)
def test_a_payload_of_the_wrong_size_is_told(kind: Message, size: int) -> None:
    assert error(converse(HELLO, Frame(kind, SESSION, 2, bytes(size)))[1]) == (ErrorCode.LENGTH, size)


def test_damaged_frames_are_dropped_and_counted() -> None:
    damaged = bytearray(encode(HELLO))
    damaged[5] ^= 1
    too_long = b"\0" + b"\x07" * 5000 + b"\0"
    half = encode(chunks()[0])[:500]
    answers = converse(bytes(damaged), too_long, b"\0\0\0\0", half, HELLO)
    assert len(answers) == 1
    assert wire.HelloAnswer.unpack(answers[0].payload)[0].dropped_frames == 3


def profile_pages(answers: list[Frame]) -> list[tuple[wire.ProfileAnswer, list[int]]]:
    pages = []
    for answer in answers:
        assert answer.type == Message.PROFILE
        head, ticks = wire.ProfileAnswer.unpack(answer.payload)
        pages.append((head, list(struct.unpack(f"<{len(ticks) // 4}I", ticks))))
    return pages


@pytest.mark.parametrize("layers", [0, 1, 253, 254, 255, 300, 512])
def test_a_profile_comes_in_pages_and_is_run_once(layers: int) -> None:
    asked = [request(Message.PROFILE, wire.Profile(7, first)) for first in (0, 254, 508, 0, 65535)]
    _, *answers = converse(HELLO, *asked, definitions=(f"TEST_LAYERS={layers}",))
    pages = profile_pages(answers)
    expected = [1000 * layer + 1 for layer in range(layers)]  # + 1: the first run
    assert pages[0][1] + pages[1][1] + pages[2][1] == expected
    assert pages[3][1] == pages[0][1]
    assert pages[4][1] == []
    assert all(head.layer_count == layers and head.run == 7 for head, _ in pages)


def test_another_profile_is_run_again() -> None:
    asked = [request(Message.PROFILE, wire.Profile(run, 0)) for run in (7, 8)]
    _, *answers = converse(HELLO, *asked)
    assert [ticks for _, ticks in profile_pages(answers)] == [[1, 1001, 2001], [2, 1002, 2002]]


def test_too_many_layers_to_profile_are_told() -> None:
    answers = converse(HELLO, request(Message.PROFILE, wire.Profile(7, 0)), definitions=("TEST_LAYERS=513",))
    assert error(answers[1]) == (ErrorCode.LAYERS, wire.MAX_LAYERS)


def test_a_profile_spoils_the_input() -> None:
    answers = converse(HELLO, *chunks(), request(Message.PROFILE, wire.Profile(7, 0)), infer())
    assert error(answers[-1]) == (ErrorCode.INCOMPLETE, 0)


@pytest.mark.parametrize("overrun", [-1, 1])
def test_an_engine_that_leaves_its_arena_is_seen(overrun: int) -> None:
    *_, answer = converse(HELLO, *chunks(), infer(), definitions=(f"TEST_OVERRUN={overrun}",))
    assert result(answer)[0].arena_intact == 0


def test_an_engine_that_does_not_start_is_told() -> None:
    answers = converse(HELLO, *chunks(), infer(), definitions=("TEST_STATUS=4",))
    assert wire.HelloAnswer.unpack(answers[0].payload)[0].engine_status == 4
    assert {error(one) for one in answers[1:]} == {(ErrorCode.ENGINE, 4)}


def test_an_arena_that_is_too_small_is_told() -> None:
    answers = converse(HELLO, infer(), arena_bytes=2528)
    assert wire.HelloAnswer.unpack(answers[0].payload)[0].engine_status == 1
    assert error(answers[1]) == (ErrorCode.ENGINE, 1)


def test_a_board_that_did_not_come_up_is_told() -> None:
    answers = converse(HELLO, *chunks(), infer(), definitions=("TEST_BOOT=WIRE_BOOT_PLL",))
    assert wire.HelloAnswer.unpack(answers[0].payload)[0].boot == wire.Boot.PLL
    assert {error(one) for one in answers[1:]} == {(ErrorCode.BOOT, wire.Boot.PLL)}


u32 = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([0, 1, 8, 10, 1000, 1016])
requests = st.one_of(
    st.builds(chunk, st.one_of(u32, st.integers(0, INPUT_BYTES + 2)), sizes.map(bytes), st.integers(0, 2)),
    st.builds(infer, st.sampled_from([DATA, bytes(INPUT_BYTES)]), st.integers(0, 2)),
    st.builds(
        lambda run, first: request(Message.PROFILE, wire.Profile(run, first)), st.integers(0, 2), st.integers(0, 9)
    ),
    st.builds(Frame, st.integers(0, 255), st.sampled_from([0, 1, SESSION]), u32, st.binary(max_size=1024)),
    st.just(HELLO),
)


def damage(encoded: bytes, where: random.Random) -> bytes:
    """The bytes with a few of them changed, lost, doubled or put in."""
    damaged = bytearray(encoded)
    for _ in range(where.randrange(3)):
        at = where.randrange(len(damaged))
        match where.randrange(4):
            case 0:
                damaged[at] = where.randrange(256)
            case 1:
                del damaged[at:]
            case 2:
                damaged[at:at] = damaged[:at]
            case _:
                damaged[at:at] = where.randbytes(where.randrange(1, 40))
        if not damaged:
            break
    return bytes(damaged)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(requests, st.binary(max_size=200)), max_size=12), st.randoms(use_true_random=False))
def test_whatever_arrives_the_next_hello_is_answered(stream: list[Frame | bytes], where: random.Random) -> None:
    noise = [damage(encode(part) if isinstance(part, Frame) else part or b"\0", where) for part in stream]
    answers = converse(*noise, HELLO)
    assert answers[-1].type == Message.HELLO
    assert all(answer.version == wire.VERSION and answer.type in list(Message) for answer in answers)


@pytest.mark.slow
def test_a_megabyte_of_noise_is_survived() -> None:
    where = random.Random(2)
    good = [encode(one) for one in (HELLO, *chunks(), infer(), request(Message.PROFILE, wire.Profile(1, 0)))]
    stream = b"".join(damage(where.choice(good), where) for _ in range(2000))
    assert converse(stream, HELLO)[-1].type == Message.HELLO
