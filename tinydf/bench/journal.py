# SPDX-License-Identifier: Apache-2.0
"""`bench.jsonl`: the append-only journal of a bench, one JSON object a line.

The first line is the header: what was measured, by hash. After it stand a `session` line each time a board was opened,
an `answer` line for each image, a `line` line for each board at the end of its session, and at last a `profile` line. A
line counts when its newline is there; a torn last line is what a cut run leaves, and is dropped. Nothing is ever
rewritten.
"""

import logging
import os
import threading
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from tinydf.data.dataset import Split
from tinydf.errors import TinydfError
from tinydf.files import first_problem, sha256_bytes, try_lock

logger = logging.getLogger(__name__)

FILE = "bench.jsonl"
MADE_BY = "tinydf bench"
Sha256 = Field(pattern="^[0-9a-f]{64}$")
Hexadecimal = Field(pattern="^([0-9a-f]{2})+$")


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Header(Line):
    """What was measured. A run goes on only with the same."""

    kind: Literal["header"] = "header"
    format: Literal[1] = 1
    dataset_sha256: str = Sha256
    split: Split
    manifest_sha256: str = Sha256
    model_sha256: str = Sha256
    build_id: str = Field(description="hash of what the firmware was built from")
    board: str
    engine: str
    counter_unit: str


class Session(Line):
    """One opening of one board."""

    kind: Literal["session"] = "session"
    session: int = Field(ge=1, description="1 for the first of the journal")
    port: str
    unique_id: str = Hexadecimal
    clock_hz: int = Field(ge=0)
    arena_bytes: int = Field(ge=0)
    stack_bytes: int = Field(ge=0)
    host_version: str
    started: str = Field(description="UTC, ISO 8601")


class Answer(Line):
    """One image, judged by a board."""

    kind: Literal["answer"] = "answer"
    session: int
    index: int = Field(ge=0, description="in the split's order: platform by platform, shard by shard")
    platform: str
    key: str
    label: Literal[0, 1]
    generator: str
    crops: int = Field(ge=1, description="of the image, each an inference; outputs stand one after the other")
    output: str = Hexadecimal
    expected: str = Hexadecimal
    fake: bool = Field(description="the board's verdict")
    ticks: int = Field(ge=0, description="of the inferences alone, all crops together, in the header's counter unit")
    transfer_seconds: float = Field(ge=0, description="for the input, on the host's clock")
    input_bytes: int = Field(ge=1)
    peak_stack_bytes: int = Field(ge=0, description="deepest since the board's start; 0 is not known")
    arena_intact: bool


class LineRecord(Line):
    """What went wrong on a board's line in a session, and was mended; see `tinydf.link.client.Repairs`."""

    kind: Literal["line"] = "line"
    session: int
    repeated: int = Field(ge=0, description="requests sent again because no answer came")
    refused: int = Field(ge=0, description="samples or chunks that the board wanted again")
    damaged: int = Field(ge=0, description="frames that arrived damaged at the host")
    damaged_at_board: int = Field(ge=0, description="frames that arrived damaged at the board")
    resets: dict[str, int] = Field(description="how often the board started again, by cause")


class LayerProfile(Line):
    """Ticks of each layer, of one run on the last image."""

    kind: Literal["profile"] = "profile"
    session: int
    layers: list[str]
    ticks: list[int]

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if len(self.layers) != len(self.ticks):
            raise ValueError(f"{len(self.layers)} layers and {len(self.ticks)} ticks do not pair")
        return self


_Entry = TypeAdapter[Header | Session | Answer | LineRecord | LayerProfile](
    Annotated[Header | Session | Answer | LineRecord | LayerProfile, Field(discriminator="kind")]
)


class Contents(BaseModel):
    """A journal as read; `size` in bytes and `sha256` are of its whole lines. It is `finished` if a profile ends it."""

    header: Header
    sessions: list[Session] = []
    answers: dict[int, Answer] = {}
    lines: list[LineRecord] = []
    profile: LayerProfile | None = None
    finished: bool = False
    size: int
    sha256: str


def read(path: Path) -> Contents:
    """Read a journal, without its torn last line if it has one.

    Raises:
        TinydfError: if it is missing, has no header, or a whole line of it is damaged or counts an image twice.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TinydfError(f"{path} does not exist", f"make it with `{MADE_BY}`") from None
    return _parse(data, path)


def _parse(data: bytes, path: Path) -> Contents:
    whole = data[: data.rfind(b"\n") + 1]
    entries = [_entry(line, f"{path}:{number}") for number, line in enumerate(whole.splitlines(), start=1)]
    if not entries or not isinstance(entries[0], Header):
        raise TinydfError(f"{path} does not begin with a journal's header", "give another --out")
    finished = isinstance(entries[-1], LayerProfile)
    contents = Contents(header=entries[0], finished=finished, size=len(whole), sha256=sha256_bytes(whole))
    for number, entry in enumerate(entries[1:], start=2):
        match entry:
            case Header():
                raise TinydfError(f"{path}:{number}: a second header", "the journal was edited; bench again")
            case Session():
                contents.sessions.append(entry)
            case LineRecord():
                contents.lines.append(entry)
            case LayerProfile():
                contents.profile = entry
            case Answer():
                if entry.index in contents.answers:
                    raise TinydfError(f"{path}:{number}: image {entry.index} is counted twice", "bench again")
                contents.answers[entry.index] = entry
    return contents


def _entry(line: bytes, where: str) -> Header | Session | Answer | LineRecord | LayerProfile:
    try:
        return _Entry.validate_json(line)
    except ValidationError as error:
        raise TinydfError(f"{where}: {first_problem(error)}", "the journal is damaged; bench again") from None


def _encode(line: Line) -> bytes:
    return line.model_dump_json().encode() + b"\n"


class Journal:
    """A journal that is being written, by this process alone and by any of its threads."""

    def __init__(self, path: Path, header: Header, resume: bool) -> None:
        """Open a journal: a new one, or with `resume` the one that is there, whose header must be the same.

        Raises:
            TinydfError: if there is one and `resume` is false, if it is of another measurement, damaged, or in use.
        """
        self.path = path
        self._lock = threading.Lock()
        self._file = _open_alone(path)
        try:
            self.contents = self._begin(header, resume)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, header: Header, resume: bool) -> Contents:
        data = self._file.read()
        if data and not resume:
            raise TinydfError(f"{self.path} is there already", "continue it with --resume, or give another --out")
        if _encode(header).startswith(data):  # new, or cut before its header was whole
            self._cut(0)
            self.append(header)
            data = _encode(header)
        contents = _parse(data, self.path)
        _same(contents.header, header, self.path)
        self._cut(contents.size)
        return contents

    def append(self, line: Line) -> None:
        """Add a line, and hand it to the operating system before returning.

        Raises:
            OSError: if it could not be written (a full disk); the journal then ends with the line before it.
        """
        data = _encode(line)
        with self._lock:
            try:
                done = 0
                while done < len(data):
                    done += self._file.write(data[done:])
            except OSError as error:
                self._cut(self._size)
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            self._size += len(data)

    def _cut(self, size: int) -> None:
        self._file.truncate(size)
        self._file.seek(size)
        self._size = size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, with everything on the disk."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def make_room(directory: Path, header: Header) -> bool:
    """Make a bench directory ready for a measurement: anything but an unfinished part of it is set aside, and said.

    What is there is renamed, with the time of its last answer behind its name, and never deleted.

    Args:
        directory: of the journal.
        header: of the measurement.

    Returns:
        Whether there is an unfinished part to go on with.

    Raises:
        TinydfError: if another bench is writing there.
    """
    path = directory / FILE
    if not path.is_file():
        return False
    with _open_alone(path) as file:
        data = file.read()
    if _encode(header).startswith(data):
        return True
    what = _why_not(data, header, path)
    if not what:
        logger.info("resuming the unfinished bench in %s", directory)
        return True
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y%m%d-%H%M%S")
    aside = directory.with_name(f"{directory.name}-{written}")
    number = 1
    while aside.exists():
        number += 1
        aside = directory.with_name(f"{directory.name}-{written}-{number}")
    directory.rename(aside)
    logger.info("%s held %s: moved to %s", directory, what, aside)
    return False


def _why_not(data: bytes, header: Header, path: Path) -> str:
    """What a journal is that a measurement cannot go on with; empty if it can."""
    try:
        contents = _parse(data, path)
    except TinydfError:
        return "a damaged journal"
    differs = _difference(contents.header, header)
    return f"a bench of another {NAMES[differs]}" if differs else "a finished bench" if contents.finished else ""


def _open_alone(path: Path) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")
    if not try_lock(file.fileno()):
        file.close()
        raise TinydfError(f"another bench is writing {path}", "let it end, or give another --out")
    return file


NAMES = {
    "dataset_sha256": "data set",
    "split": "split",
    "manifest_sha256": "export",
    "model_sha256": "model",
    "build_id": "firmware build",
    "board": "board",
    "engine": "engine",
    "counter_unit": "counter",
}


def _same(have: Header, want: Header, path: Path) -> None:
    """Refuse to mix two measurements, naming the first thing that differs."""
    field = _difference(have, want)
    if field:
        old, new = getattr(have, field), getattr(want, field)
        raise TinydfError(f"{path} is of {NAMES[field]} {old[:16]}, not {new[:16]}", "give another --out")


def _difference(have: Header, want: Header) -> str | None:
    """The first field in which two measurements differ."""
    return next((field for field in NAMES if getattr(have, field) != getattr(want, field)), None)
