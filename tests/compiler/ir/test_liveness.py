# SPDX-License-Identifier: Apache-2.0
"""When tensors are alive: from the step that writes them to the last that reads them."""

import numpy as np

from tests.compiler.cases import CASES
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.liveness import Life, lifetimes, liveness, reads
from tinydf.compiler.lowering.context import lower


def test_from_the_first_write_to_the_last_read() -> None:
    steps = [(["input", "weights"], ["a"]), (["a"], ["b"]), (["a", "b"], ["output"]), ([], ["unread"])]
    assert lifetimes(["input"], steps, ["output"]) == {
        "input": Life(-1, 0),
        "a": Life(0, 2),
        "b": Life(1, 2),
        "output": Life(2, 4),
        "unread": Life(3, 3),
    }


def test_a_tensor_that_is_written_twice_is_one() -> None:
    assert lifetimes([], [([], ["padded"]), (["x"], ["padded"])]) == {"padded": Life(0, 1)}


def test_of_a_model() -> None:
    graph = read_model(CASES["wide_cascade"](np.random.default_rng(4)))
    layers = lower(graph)
    lives = liveness(graph, [layer.calls for layer in layers])
    assert lives[graph.inputs[0]].first == -1
    assert lives[graph.outputs[0]] == Life(len(layers) - 1, len(layers))
    assert all(graph.tensors[tensor].data is None for tensor in lives)
    read = {graph.root(one) for layer in layers for call in layer.calls for one in call.tensors}
    assert all(reads(graph, layers, tensor) >= (tensor in read) for tensor in lives)
    assert reads(graph, layers, graph.outputs[0]) == 1
