# SPDX-License-Identifier: Apache-2.0
"""Figures by epoch as a TensorBoard event file.

Written record by record with TensorBoard's own parts: `torch.utils.tensorboard` would load all of TensorFlow where that
is installed.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]

VERSION = "brain.Event:2"


class Log:
    """An open event file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._records = RecordWriter(file)
        self._write(Event(file_version=VERSION))

    def scalars(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add one value a name, and let a reader see them at once."""
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
        self._write(Event(step=epoch, summary=summary))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
        self._file.flush()


@contextmanager
def open_log(directory: Path, resumed_from: int, kept: bool = True) -> Iterator[Log]:
    """A new event file in a directory; of an interrupted epoch's values TensorBoard keeps the later ones.

    What is not `kept` goes nowhere: of several processes one writes the log.
    """
    directory.mkdir(parents=True, exist_ok=True)
    name = f"events.out.tfevents.{int(time.time())}.epoch{resumed_from}"
    path = directory / name if kept else Path(os.devnull)
    with path.open("wb") as file:
        yield Log(file)
