# SPDX-License-Identifier: Apache-2.0
"""The client against the real application on the posix port, over good lines and bad ones."""

import os
import random
import secrets
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.firmware.host import (
    INPUT_BYTES,
    POSIX_PORT,
    application,
    expected_output,
    expected_verdict,
    running,
)
from tests.link.line import BadLine, Fault, bad_line
from tinydf.errors import TinydfError
from tinydf.link import client, pace, wire
from tinydf.link.client import Connection
from tinydf.link.frame import Frame, Receiver, encode

SAMPLES = [random.Random(index).randbytes(INPUT_BYTES) for index in range(8)]


def sums(output: bytes) -> bytes:
    """The part of an output of programs/engine.c that depends on the input alone."""
    return output[:2]


def test_hello_and_inferences() -> None:
    with running() as port, Connection(port) as board:
        hello = board.hello()
        assert (hello.board, hello.input.bytes, hello.output.bytes) == ("posix", INPUT_BYTES, 3)
        assert hello.counter_unit == wire.CounterUnit.NANOSECONDS
        for index, data in enumerate(SAMPLES):
            result = board.infer(index, data)
            assert result.sample == index
            assert result.output == expected_output(data, runs=index + 1)
            assert result.fake == expected_verdict(result.output)
            assert result.ticks > 0
            assert result.arena_intact
            assert result.transfer_seconds > 0
        assert board.dropped_frames == 0
        assert board.hello().dropped_frames == 0


def test_a_sample_asked_for_twice_is_run_once() -> None:
    with running() as port, Connection(port) as board:
        first, second = board.infer(3, SAMPLES[3]), board.infer(3, SAMPLES[3])
        assert (first.output, first.ticks) == (second.output, second.ticks)


@pytest.mark.parametrize("layers", [0, 3, 300])
def test_a_profile_of_all_layers(layers: int) -> None:
    with running(f"TEST_LAYERS={layers}") as port, Connection(port) as board:
        assert board.profile() == [1000 * layer + 1 for layer in range(layers)]
        assert board.profile() == [1000 * layer + 2 for layer in range(layers)]


def test_one_host_after_another() -> None:
    with running() as port:
        for index in range(3):
            with Connection(port) as board:
                assert board.infer(0, SAMPLES[0]).output == expected_output(SAMPLES[0], runs=index + 1)


def test_what_an_earlier_host_left_on_the_line_does_no_harm() -> None:
    with running() as port:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
        os.write(descriptor, encode(Frame(wire.Message.HELLO, 1, 1)) + encode(SAMPLE_CHUNK)[:400])
        time.sleep(0.1)
        with Connection(port) as board:
            assert sums(board.infer(0, SAMPLES[0]).output) == sums(expected_output(SAMPLES[0], 1))
        os.close(descriptor)


SAMPLE_CHUNK = Frame(wire.Message.CHUNK, 1, 2, wire.Chunk(0, 0).pack() + SAMPLES[0][:1000])


def refused(port: str) -> str:
    with pytest.raises(TinydfError) as error, Connection(port) as board:
        board.hello()
    return str(error.value)


def test_a_port_that_does_not_exist() -> None:
    assert "/dev/ttyNONE does not exist" in refused("/dev/ttyNONE")


def test_a_port_that_is_busy() -> None:
    with running() as port, Connection(port):
        assert f"port {port} is busy" in refused(port)


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert f"{file} is not a serial port" in refused(str(file))


def test_an_unknown_kind_of_port() -> None:
    assert "cannot open port nonsense://x" in refused("nonsense://x")


def test_nobody_listens_at_a_socket() -> None:
    assert "cannot open port socket://127.0.0.1:1 " in refused("socket://127.0.0.1:1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs for a line without a slow board behind it."""
    monkeypatch.setattr(pace, "FIRST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(client, "FIRST_INFERENCE_SECONDS", 0.2)


def test_a_port_where_nothing_answers(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.5)
    ours, theirs = os.openpty()
    assert "nothing answers HELLO" in refused(os.ttyname(theirs))
    os.close(ours)
    os.close(theirs)


def test_a_port_that_goes_away() -> None:
    ours, theirs = os.openpty()
    with Connection(os.ttyname(theirs)) as board:
        os.close(ours)
        os.close(theirs)
        with pytest.raises(TinydfError, match="went away"):
            board.hello()


@pytest.mark.parametrize(
    ("status", "what", "hint"),
    [
        (1, "the arena is too small for this model; it has 2560 bytes and needs at least 2560", "`tinydf arena`"),
        (4, "the model was refused", "tinydf build"),
        (6, "has no such operator", "--tflm-library"),
        (9, "the tensors could not be allocated", "`tinydf arena`"),
        (10, "stopped on an assertion", "reset the board"),
    ],
)
def test_an_engine_that_did_not_start(status: int, what: str, hint: str) -> None:
    with running(f"TEST_STATUS={status}") as port:
        said = refused(port)
    assert what in said and hint in said
    assert "it says: what it said" in said


def answering(*answers: Frame, patient: bool = True) -> tuple[str, threading.Thread]:
    """A pseudo-terminal that gives one of these answers to each request, with the request's session and sequence."""
    ours, theirs = os.openpty()
    port = os.ttyname(theirs)

    def serve() -> None:
        receiver = Receiver()
        for answer in answers:
            requests: list[Frame] = []
            while not requests:
                if not patient and not select.select([ours], [], [], 1.0)[0]:
                    break
                requests = receiver.push(os.read(ours, 4096))
            if not requests:
                break
            asked = requests[0]
            reply = Frame(answer.type, asked.session, asked.sequence, answer.payload, answer.version)
            os.write(ours, encode(reply))
        time.sleep(0.2)
        os.close(ours)
        os.close(theirs)

    thread = threading.Thread(target=serve)
    thread.start()
    return port, thread


def error_frame(code: wire.ErrorCode, detail: int, rest: bytes = b"", version: int = wire.VERSION) -> Frame:
    return Frame(wire.Message.ERROR, 0, 0, wire.ErrorHead(code, detail).pack() + rest, version)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (error_frame(wire.ErrorCode.VERSION, 9, version=9), f"speaks version 9 of the link, this host {wire.VERSION}"),
        (error_frame(wire.ErrorCode.TYPE, 1), "refused: not a request"),
        (error_frame(wire.ErrorCode.FAULT, 5, wire.Fault(0x8000123, 0x8000457, 0x8200, 0xDEAD0000, 0x20000100).pack()),
         "stopped on a BusFault at PC 0x08000123, called from 0x08000457 (status 0x00008200, address 0xdead0000"),
        (error_frame(wire.ErrorCode.FAULT, 4, b"short"), "an answer that does not fit"),
        (Frame(wire.Message.HELLO, 0, 0, bytes(100)), "an answer that does not fit"),
    ],
)  # fmt: skip
def test_answers_that_end_the_talk(answer: Frame, message: str) -> None:
    port, thread = answering(answer)
    assert message in refused(port)
    thread.join()


def greeting(**changes: object) -> Frame:
    """HELLO of a well-behaved board, with something changed."""
    tensor = wire.Tensor(rank=1, shape=(4, 0, 0, 0), scale=1.0, zero_point=0, bytes=4)
    fields: dict[str, object] = {
        "board": "posix", "unique_id": bytes(12), "build_id": "ab", "engine": "aot", "model_sha256": bytes(32),
        "input": tensor, "output": tensor, "threshold_steps": 0, "layer_count": 3, "clock_hz": 1, "counter_unit": 1,
        "reset_cause": 0, "boot": 0, "engine_status": 0, "buffer_bytes": wire.MAX_PAYLOAD,
        "credit_window": wire.ENCODED_BYTES, "arena_bytes": 1, "stack_bytes": 0, "dropped_frames": 0, "arena_used": 0,
        "library": "", "library_sha256": bytes(32), "engine_message": "",
    }  # fmt: skip
    return Frame(wire.Message.HELLO, 0, 0, wire.HelloAnswer(**(fields | changes)).pack())  # type: ignore[arg-type]


def tensor(size: int, *shape: int, rank: int | None = None, scale: float = 1.0) -> wire.Tensor:
    return wire.Tensor(len(shape) if rank is None else rank, (*shape, 0, 0, 0, 0)[:4], scale, 0, size)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"buffer_bytes": 0}, "a buffer of 0 bytes"),
        ({"buffer_bytes": wire.Chunk.size()}, "a buffer of 8 bytes"),
        ({"credit_window": 0}, "a credit window of 0 bytes"),
        ({"credit_window": 20}, "a credit window of 20 bytes"),
        ({"layer_count": 65535}, "65535 layers"),
        ({"input": tensor(0)}, "an input of 0 bytes"),
        ({"input": tensor(5, 4)}, "an input of 5 bytes, shape [4]"),
        ({"output": tensor(4, 4, rank=200)}, "an output that does not fit"),
        ({"output": tensor(4, 4, scale=float("nan"))}, "an output that does not fit"),
    ],
)
def test_a_hello_that_cannot_be(change: dict[str, object], said: str) -> None:
    port, thread = answering(greeting(**change))
    assert f"says HELLO with {said}" in refused(port)
    thread.join()


def pages(*answers: tuple[int, int, bytes]) -> list[Frame]:
    """PROFILE answers: first layer, layers in all, and the ticks; `run` is filled in by `profiling`."""
    return [
        Frame(wire.Message.PROFILE, 0, 0, wire.ProfileAnswer(0, first, count).pack() + page)
        for first, count, page in answers
    ]


@pytest.mark.parametrize(
    "page", [(0, 3, b""), (0, 3, b"\1"), (0, 3, b"\1\2\3"), (0, 3, bytes(16)), (1, 3, bytes(4)), (0, 9, bytes(12))]
)
def test_a_profile_that_does_not_fit_ends(page: tuple[int, int, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """No page of a hostile board keeps the host busy."""
    monkeypatch.setattr(secrets, "randbits", lambda _: 0)
    port, thread = answering(greeting(), *pages(page))
    with Connection(port) as board, pytest.raises(TinydfError, match="a profile that does not fit"):
        board.profile()
    thread.join()


def test_an_offset_that_never_moves_ends() -> None:
    """A board that always wants the first byte is given up."""
    error = error_frame(wire.ErrorCode.OFFSET, 0)
    answers = [greeting(), *[error] * 200]
    port, thread = answering(*answers, patient=False)
    with Connection(port) as board, pytest.raises(TinydfError, match="did not take sample 0 in 8 attempts"):
        board.infer(0, bytes(4))
    thread.join()


class Damage:
    """Every so often changes, loses, doubles or puts in bytes."""

    def __init__(self, seed: int, rate: float) -> None:
        self._random = random.Random(seed)
        self._rate = rate

    def __call__(self, data: bytes) -> bytes:
        if self._random.random() >= self._rate:
            return data
        at = self._random.randrange(len(data) + 1)
        kind = self._random.randrange(5)
        tail = {0: b"", 1: data[at + 1 :], 2: data[at:] * 2, 3: self._random.randbytes(30) + data[at:]}
        return b"" if kind == 4 else data[:at] + tail[kind]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_every_sample_arrives_over_a_bad_line(impatient: None, seed: int) -> None:
    faults: list[Fault] = [Damage(seed, 0.1), Damage(seed + 100, 0.1)]
    with bad_line(application(POSIX_PORT), *faults) as line, Connection(line.port) as board:
        for index, data in enumerate(SAMPLES):
            result = board.infer(index, data)
            assert (result.sample, sums(result.output)) == (index, sums(expected_output(data, 0)))
            assert result.fake == expected_verdict(result.output)
            assert result.output[2] == index + 1, "a sample was run twice"


class Noise:
    """Flips, loses or puts in single bytes, each at the same rate."""

    def __init__(self, seed: int, rate: float) -> None:
        self._random = random.Random(seed)
        self._rate = rate

    def __call__(self, data: bytes) -> bytes:
        return b"".join(bytes([one]) if self._random.random() >= self._rate else self._damaged(one) for one in data)

    def _damaged(self, one: int) -> bytes:
        kind = self._random.randrange(3)
        return (bytes([one ^ 1 << self._random.randrange(8)]), b"", bytes([one, self._random.randrange(256)]))[kind]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_every_sample_is_run_once_with_a_byte_in_so_many_damaged(rate: float) -> None:
    with bad_line(application(POSIX_PORT), Noise(1, rate), Noise(2, rate)) as line, Connection(line.port) as board:
        for index in range(40):
            data = SAMPLES[index % len(SAMPLES)]
            result = board.infer(index, data)
            assert (result.sample, sums(result.output)) == (index, sums(expected_output(data, 0)))
            assert result.output[2] == index + 1, "a sample was run twice"
        assert board.repairs.damaged_at_board == 0, "counted before it was asked for"
        dropped = board.hello().dropped_frames
        assert board.repairs.repeated > 0
        assert 0 < board.repairs.damaged_at_board <= dropped
        assert board.repairs.resets == {}


class LoseAnswers:
    """Loses the first answer to each request that runs the model."""

    def __init__(self) -> None:
        self._receiver = Receiver()
        self._seen: set[int] = set()

    def __call__(self, data: bytes) -> bytes:
        kept = b""
        for frame in self._receiver.push(data):
            if frame.type == wire.Message.RESULT and frame.sequence not in self._seen:
                self._seen.add(frame.sequence)
                continue
            kept += encode(frame)
        return kept


@pytest.mark.slow
def test_a_lost_answer_makes_no_later_wait_longer() -> None:
    """Each sample loses an answer; only the first, of which nothing is known, waits long."""
    times = []
    with bad_line(application(POSIX_PORT), to_host=LoseAnswers()) as line, Connection(line.port) as board:
        for index in range(8):
            begin = time.monotonic()
            board.infer(index, SAMPLES[index])
            times.append(time.monotonic() - begin)
        assert board.repairs.repeated >= 8
    assert max(times[1:]) < client.FIRST_INFERENCE_SECONDS / 4


class Script:
    """Does something at frame number `at` of a direction (counted by delimiters that end one), once."""

    def __init__(self, at: int, action: str) -> None:
        self.line: BadLine | None = None
        self._at = at
        self._action = action
        self.seen = 0

    def __call__(self, data: bytes) -> bytes:
        frames = sum(bool(part) for part in data.split(b"\0"))
        before, self.seen = self.seen, self.seen + frames
        if not before <= self._at < self.seen:
            return data
        if self._action == "reset":
            assert self.line is not None
            self.line.reset()
        return {"reset": data, "lose": b"", "twice": data * 2, "cut": data[: len(data) // 2]}[self._action]


TRAFFIC = 1 + 2 * (3 + 1)  # frames each way: HELLO, then two samples of three chunks and INFER each


@pytest.mark.parametrize("action", ["reset", "lose", "twice", "cut"])
@pytest.mark.parametrize("direction", ["to_board", "to_host"])
def test_a_fault_at_each_frame_of_a_run(impatient: None, direction: str, action: str) -> None:
    for at in range(TRAFFIC):
        script = Script(at, action)
        with bad_line(application(POSIX_PORT), **{direction: script}) as line, Connection(line.port) as board:
            script.line = line
            for index, data in enumerate(SAMPLES[:2]):
                result = board.infer(index, data)
                assert (result.sample, sums(result.output)) == (index, sums(expected_output(data, 0)))
                if action != "reset":
                    assert result.output[2] == index + 1, "a sample was run twice"
        assert script.seen > at, "the fault never came"


def test_another_firmware_after_a_reset_is_refused(impatient: None) -> None:
    with bad_line(application(POSIX_PORT)) as line, Connection(line.port) as board:
        board.infer(0, SAMPLES[0])
        line.program = application(POSIX_PORT, build_id="4567")
        line.reset()
        with pytest.raises(TinydfError, match="has another firmware now"):
            for index in range(1, 20):
                board.infer(index, SAMPLES[0])


def test_a_wrong_input_size_is_the_callers_error() -> None:
    with running() as port, Connection(port) as board, pytest.raises(ValueError, match="the model wants 2500"):
        board.infer(0, bytes(10))


def test_the_posix_firmware_makes_and_removes_its_link(tmp_path: Path) -> None:
    link = tmp_path / "port"
    link.symlink_to("/dev/gone")  # left by a run that was killed
    with subprocess.Popen([application(POSIX_PORT), link], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(link)
        with Connection(str(link)) as board:
            board.hello()
        process.terminate()
        assert process.wait(10) == 0
    assert not link.is_symlink()


def test_the_posix_firmware_does_not_overwrite_a_file(tmp_path: Path) -> None:
    link = tmp_path / "port"
    link.write_text("mine")
    done = subprocess.run([application(POSIX_PORT), link], capture_output=True, text=True, check=False)
    assert (done.returncode, link.read_text()) == (1, "mine")
    assert "File exists" in done.stderr


def test_the_client_needs_nothing_heavy() -> None:
    """A machine that only benches has neither torch nor tensorflow (nor unicorn)."""
    code = "import sys, tinydf.link.client; print([m for m in ('torch', 'tensorflow', 'unicorn') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
