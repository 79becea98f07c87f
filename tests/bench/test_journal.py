# SPDX-License-Identifier: Apache-2.0
"""The journal: append-only, cut anywhere, resumed without losing or counting twice, never mixed."""

import errno
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tinydf.bench.journal import FILE, Answer, Header, Journal, LayerProfile, Session, read
from tinydf.errors import TinydfError

HEADER = Header(
    dataset_sha256="1" * 64,
    split="test",
    manifest_sha256="2" * 64,
    model_sha256="3" * 64,
    build_id="4" * 64,
    board="posix",
    engine="aot",
    counter_unit="nanoseconds",
)
SESSION = Session(
    session=1,
    port="/dev/pts/9",
    unique_id="00" * 12,
    clock_hz=1_000_000_000,
    arena_bytes=1000,
    stack_bytes=0,
    host_version="0.1.0",
    started="2026-01-01T00:00:00+00:00",
)


def answer(index: int) -> Answer:
    return Answer(
        session=1,
        index=index,
        platform="x",
        key=f"image-{index}",
        label=1,
        generator="checker2",
        crops=1,
        output="0a7f",
        expected="0a7f",
        fake=True,
        ticks=100 + index,
        transfer_seconds=0.25,
        input_bytes=27648,
        peak_stack_bytes=0,
        arena_intact=True,
    )


def write(path: Path, answers: range, resume: bool = False) -> None:
    with Journal(path, HEADER, resume) as journal:
        journal.append(SESSION)
        for index in answers:
            journal.append(answer(index))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / FILE
    write(path, range(3))
    with Journal(path, HEADER, resume=True) as journal:
        journal.append(LayerProfile(session=1, layers=["0 CONV_2D a"], ticks=[5]))
    contents = read(path)
    assert contents.header == HEADER
    assert contents.sessions == [SESSION]
    assert contents.answers == {index: answer(index) for index in range(3)}
    assert contents.profile is not None
    assert contents.profile.ticks == [5]
    assert contents.size == path.stat().st_size


def test_a_journal_cut_at_any_byte_goes_on_from_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, range(3))
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 5
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        kept = max([end for end in ends if end <= size], default=0)
        answers = max(0, whole[:kept].count(b"\n") - 2)
        with Journal(path, HEADER, resume=True) as journal:
            assert list(journal.contents.answers) == list(range(answers)), size
            for index in range(answers, 3):
                journal.append(answer(index))
        again = read(path)
        assert again.answers == {index: answer(index) for index in range(3)}, size


def test_without_resume_an_old_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, range(2))
    before = path.read_bytes()
    with pytest.raises(TinydfError, match=r"is there already: continue it with --resume, or give another --out"):
        Journal(path, HEADER, resume=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("dataset_sha256", "a" * 64, "data set 1111111111111111, not aaaaaaaaaaaaaaaa"),
        ("split", "validation", "split test, not validation"),
        ("manifest_sha256", "a" * 64, "export 2222222222222222"),
        ("model_sha256", "a" * 64, "model 3333333333333333"),
        ("build_id", "a" * 64, "firmware build 4444444444444444"),
        ("board", "nucleo-h743", "board posix, not nucleo-h743"),
        ("engine", "tflm", "engine aot, not tflm"),
        ("counter_unit", "cycles", "counter nanoseconds, not cycles"),
    ],
)
def test_a_journal_of_another_measurement_is_refused_by_name(
    tmp_path: Path, field: str, value: str, named: str
) -> None:
    path = tmp_path / FILE
    write(path, range(2))
    before = path.read_bytes()
    with pytest.raises(TinydfError, match=named):
        Journal(path, HEADER.model_copy(update={field: value}), resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"hello\n", f"{FILE}:1: Invalid JSON"),
        (b"hello", "does not begin with a journal's header"),
        (b'{"kind":"answer"}\n', f"{FILE}:1: answer.session: Field required"),
        (SESSION.model_dump_json().encode() + b"\n", "does not begin with a journal's header"),
    ],
)
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path, text: bytes, named: str) -> None:
    path = tmp_path / FILE
    path.write_bytes(text)
    with pytest.raises(TinydfError, match=named):
        Journal(path, HEADER, resume=True)
    assert path.read_bytes() == text


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, range(3))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3][:40] + b"\n", *lines[4:]]))
    with pytest.raises(TinydfError, match=f"{FILE}:4: Invalid JSON"):
        read(path)


def test_an_image_counted_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, range(2))
    with path.open("ab") as file:
        file.write(answer(1).model_dump_json().encode() + b"\n")
    with pytest.raises(TinydfError, match=f"{FILE}:5: image 1 is counted twice"):
        read(path)


def test_a_second_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, range(1))
    with path.open("ab") as file:
        file.write(HEADER.model_dump_json().encode() + b"\n")
    with pytest.raises(TinydfError, match=f"{FILE}:4: a second header"):
        read(path)


def test_a_missing_journal_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="make it with `tinydf bench`"):
        read(tmp_path / FILE)


def test_two_benches_do_not_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with Journal(path, HEADER, resume=False), pytest.raises(TinydfError, match="another bench is writing"):
        Journal(path, HEADER, resume=True)
    Journal(path, HEADER, resume=True).__exit__(None, None, None)


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow past a few lines, as on a full disk; a test's own report goes to a file too, later."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_whole_lines_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with pytest.raises(OSError) as raised, small_files():
        write(path, range(100))
    assert raised.value.errno == errno.EFBIG
    assert raised.value.filename == str(path)
    assert path.read_bytes().endswith(b"}\n")
    assert len(read(path).answers) >= 2
