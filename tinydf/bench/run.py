# SPDX-License-Identifier: Apache-2.0
"""Streaming a data set's images to boards, every answer journalled as it comes."""

import dataclasses
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from tinydf import __version__, progress
from tinydf.artefacts.build import Build, read_build
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import MODEL, Manifest, read_export
from tinydf.bench import journal as journals
from tinydf.bench.images import choose, images
from tinydf.bench.journal import Answer, Header, Journal, LayerProfile, LineRecord, Session
from tinydf.bench.sharing import share
from tinydf.bench.summary import Bench, summarise
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host import HostEngine
from tinydf.data.dataset import Dataset, Sample, Split
from tinydf.errors import TinydfError
from tinydf.files import sha256_file, write_json
from tinydf.link.client import Connection, Result
from tinydf.link.ports import connect
from tinydf.link.wire import CounterUnit, HelloAnswer

logger = logging.getLogger(__name__)

FILE = "bench.json"


@dataclass(frozen=True)
class Task:
    """An image to send: its place in the split, its crops as the board takes them, and the outputs the host gets."""

    index: int
    sample: Sample
    inputs: tuple[bytes, ...]
    expected: bytes


@dataclass(frozen=True)
class Station:
    """A board that said HELLO; `session` is the journal's number for this opening of it."""

    session: int
    port: str
    board: Connection
    hello: HelloAnswer


def bench(
    ports: Sequence[str],
    data: Path,
    export: Path,
    out: Path,
    *,
    board: str | None = None,
    baud: int | None = None,
    firmware: Path | None = None,
    split: Split = "test",
    platforms: Sequence[str] = (),
    limit: int | None = None,
    resume: bool = False,
    set_aside: bool = False,
) -> Bench:
    """Measure an exported model on boards that run it.

    Args:
        ports: serial ports, at least one, or "auto" alone; with several, the boards share the images.
        data: data set directory.
        export: export directory of the model that the boards run.
        out: where the journal (`bench.jsonl`) and the summary (`bench.json`) go.
        board: only boards of this kind.
        baud: bits a second, instead of the board file's.
        firmware: directory of the build that is on the boards, for its flash and RAM sizes.
        split: split of the data set.
        platforms: only these; all that the split has if empty.
        limit: only so many images, the same crops of every platform. A larger limit takes all that a smaller one took.
        resume: continue with the journal in `out`.
        set_aside: go on with it only if it is an unfinished one of this measurement; else rename `out`, and begin.

    Raises:
        TinydfError: if a board cannot be reached, runs another model or another build than its neighbour, or stops
            answering; if the journal is there without `resume`, or is of another measurement.
        KeyboardInterrupt: on Ctrl-C. What was answered until then is in the journal.
    """
    manifest, dataset = read_export(export), Dataset(data)
    chosen = choose(dataset, split, platforms, limit)
    built = read_build(firmware) if firmware else None
    engine = HostEngine(export)
    with ExitStack() as stack:
        with _resumable(out) if resume else nullcontext():
            opened = [_open(stack, connect(port, board, baud, logger.info), manifest) for port in ports]
        boards = {line.port: (line, hello) for line, hello in opened}
        header = Header(
            dataset_sha256=dataset.sha256,
            split=split,
            manifest_sha256=sha256_file(export / MANIFEST),
            model_sha256=manifest.chain.tflite,
            **_identity({port: hello for port, (_, hello) in boards.items()}, built),
        )
        if set_aside:
            resume = journals.make_room(out, header)
        journal = stack.enter_context(Journal(out / journals.FILE, header, resume))
        before = len(journal.contents.sessions)
        stations = [Station(before + number, port, *boards[port]) for number, port in enumerate(boards, start=1)]
        for station in stations:
            journal.append(_session(station))
        done = journal.contents.answers
        left = [index for index in chosen if index not in done]
        if done:
            logger.info("%s of %s images are in the journal already", len(chosen) - len(left), len(chosen))
        tasks = _tasks(dataset, split, left, manifest, engine)
        judged = [done[index] for index in chosen if index in done]
        with _resumable(out):
            try:
                whole = _stream(stations, tasks, journal, len(chosen), judged)
            finally:
                for station in stations:
                    journal.append(_line(station))
            journal.append(_profile(whole[0], engine.layer_names, export))
    result = summarise(journals.read(out / journals.FILE), dataset, manifest, built)
    write_json(out / FILE, result)
    return result


@contextmanager
def _resumable(out: Path) -> Iterator[None]:
    """Let the end of a run say how to continue it."""
    try:
        yield
    except KeyboardInterrupt:
        logger.info("stopped; continue with --resume")
        raise
    except TinydfError as error:
        hint = f"{error.hint}; " if error.hint else ""
        raise TinydfError(error.what, f"{hint}all answers so far are kept, continue with --resume") from error


def _open(stack: ExitStack, board: Connection, manifest: Manifest) -> tuple[Connection, HelloAnswer]:
    """Keep a board open, and check that it runs this model.

    Raises:
        TinydfError: if not.
    """
    board, port = stack.enter_context(board), board.port
    hello = board.hello()
    again = f"flash it again with `tinydf flash --board {hello.board} --export EXPORT`"
    have, want = hello.model_sha256.hex(), manifest.chain.tflite
    if have != want:
        raise TinydfError(f"{port}: the board runs model {have[:16]}, not {want[:16]} ({manifest.name})", again)
    if hello.threshold_steps != manifest.decision.threshold_steps:
        raise TinydfError(
            f"{port}: the board decides at {hello.threshold_steps} steps, the export at "
            f"{manifest.decision.threshold_steps}",
            again,
        )
    return board, hello


def _identity(hellos: dict[str, HelloAnswer], built: Build | None) -> dict[str, str]:
    """What must be the same of all boards, and of the build that their sizes are read from."""
    first_port, first = next(iter(hellos.items()))
    for port, hello in hellos.items():
        for field in ("board", "build_id", "engine", "counter_unit"):
            one, other = getattr(first, field), getattr(hello, field)
            if one != other:
                raise TinydfError(
                    f"{first_port} and {port} differ in {field}: {one} and {other}",
                    "put the same firmware on boards of one kind",
                )
    if built and built.build_id != first.build_id:
        raise TinydfError(
            f"{first_port}: the board runs build {first.build_id[:16]}, --firmware is {built.build_id[:16]}",
            "flash that build, or give the directory of the one that runs",
        )
    units = {int(unit): unit.name.lower() for unit in CounterUnit}
    if first.counter_unit not in units:
        raise TinydfError(
            f"{first_port}: the board counts in a unit unknown here ({first.counter_unit})", "flash it again"
        )
    unit = units[first.counter_unit]
    return {"board": first.board, "build_id": first.build_id, "engine": first.engine, "counter_unit": unit}


def _session(station: Station) -> Session:
    return Session(
        session=station.session,
        port=station.port,
        unique_id=station.hello.unique_id.hex(),
        clock_hz=station.hello.clock_hz,
        arena_bytes=station.hello.arena_bytes,
        stack_bytes=station.hello.stack_bytes,
        host_version=__version__,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _line(station: Station) -> LineRecord:
    """What was mended on a board's line in this session."""
    repairs = station.board.repairs
    return LineRecord(session=station.session, **dataclasses.asdict(repairs))


def _tasks(dataset: Dataset, split: Split, wanted: list[int], manifest: Manifest, engine: HostEngine) -> Iterator[Task]:
    """The wanted images in order, ready to be sent."""
    for index, sample in images(dataset, split, frozenset(wanted)):
        inputs = manifest.to_inputs(sample.image)
        yield Task(index, sample, tuple(one.tobytes() for one in inputs), engine.run(inputs).tobytes())


def _stream(
    stations: list[Station], tasks: Iterator[Task], journal: Journal, total: int, before: list[Answer]
) -> list[Station]:
    """Send all images, showing how it goes; gives the boards that came to the end.

    Raises:
        TinydfError: if every board has failed.
    """
    with progress.bar("bench", total, len(before)) as bar:
        tally = Tally(before)

        def judge(station: Station, task: Task) -> None:
            answer = _answer(station, task, station.board.infer(task.index, *task.inputs))
            journal.append(answer)
            bar.update(advance=1, tally=tally.add(answer))

        failed = share(stations, tasks, judge)
    for error in failed.values():
        logger.warning("%s; the other boards judged its images", error)
    whole = [station for number, station in enumerate(stations) if number not in failed]
    for station in whole:
        station.board.hello()  # tells how many frames arrived damaged
    return whole


def _answer(station: Station, task: Task, result: Result) -> Answer:
    return Answer(
        session=station.session,
        index=task.index,
        platform=task.sample.platform,
        key=task.sample.key,
        label=task.sample.label,
        generator=task.sample.generator,
        output=result.output.hex(),
        expected=task.expected.hex(),
        fake=result.fake,
        ticks=result.ticks,
        transfer_seconds=result.transfer_seconds,
        crops=len(task.inputs),
        input_bytes=sum(map(len, task.inputs)),
        peak_stack_bytes=result.peak_stack_bytes,
        arena_intact=result.arena_intact,
    )


def _profile(station: Station, layers: list[str], export: Path) -> LayerProfile:
    """Ticks by layer; `layers` are the compiled engine's. TFLM's are the operators of the .tflite, one by one."""
    ticks = station.board.profile()
    if station.hello.engine == "tflm":
        graph = read_model((export / MODEL).read_bytes())
        layers = [f"{one.index} {one.kind} {graph.tensors[one.outputs[0]].name}" for one in graph.operators]
    if len(ticks) != len(layers):
        layers = [f"layer {number}" for number in range(len(ticks))]
    return LayerProfile(session=station.session, layers=layers, ticks=ticks)


class Tally:
    """Accuracy, speed and mismatches so far, in one line."""

    def __init__(self, answers: list[Answer]) -> None:
        """Start from what an interrupted run had; speed counts from now on."""
        self._lock = threading.Lock()
        self._images = self._right = self._mismatches = self._new = 0
        self._start = monotonic()
        for answer in answers:
            self._count(answer)

    def add(self, answer: Answer) -> str:
        """Count an answer, and say how things stand."""
        with self._lock:
            self._count(answer)
            self._new += 1
            return (
                f"{self._right / self._images:.1%} right, {self._mismatches} mismatches, "
                f"{self._new / (monotonic() - self._start):.1f} images/s"
            )

    def _count(self, answer: Answer) -> None:
        self._images += 1
        self._right += answer.fake == bool(answer.label)
        self._mismatches += answer.output != answer.expected
