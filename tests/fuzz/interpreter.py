# SPDX-License-Identifier: Apache-2.0
"""TFLM's interpreter in a process of its own, since a mutated model may crash it."""

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tests.compiler.models import golden
from tinydf.compiler import Plan

SECONDS = 60


class RefusedError(Exception):
    """The interpreter does not take the model; the message is its own."""


class CrashedError(Exception):
    """The interpreter ended its process, or hung."""


class Interpreter:
    """Runs models one after another; its process is started when it is first needed, and again after a crash."""

    def __init__(self) -> None:
        self.process: SpawnProcess | None = None
        self._line: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def run(self, model: bytes, inputs: NDArray[np.int8], plan: Plan) -> NDArray[np.int8]:
        """Run a model on a batch, as `golden` does.

        Raises:
            RefusedError: if the interpreter does not take the model.
            CrashedError: if it ended its process, or took longer than `SECONDS`.
        """
        line = self._line or self._start()
        try:
            line.send((model, inputs, plan))
            answer = line.recv() if line.poll(SECONDS) else None
        except (EOFError, OSError):
            answer = None
        if answer is None:
            self._stop()
            raise CrashedError
        if isinstance(answer, str):
            raise RefusedError(answer)
        return np.asarray(answer, np.int8)

    def _start(self) -> Connection:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        return self._line

    def _stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
        if self._line is not None:
            self._line.close()
        self.process = self._line = None


def _serve(line: Connection) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where the interpreter complains of each model
    while True:
        try:
            model, inputs, plan = line.recv()
        except EOFError:
            return
        try:
            line.send(golden(model, inputs, plan))
        except Exception as error:
            line.send(f"{type(error).__name__}: {error}")
