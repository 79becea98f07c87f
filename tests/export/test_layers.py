# SPDX-License-Identifier: Apache-2.0
"""The layer to blame when int8 loses accuracy."""

from pathlib import Path

import numpy as np
from rich.console import Console

from tinydf.artefacts.manifest import read_export
from tinydf.artefacts.parity import FILE as PARITY
from tinydf.artefacts.parity import LayerNoise, Parity
from tinydf.cli.show.export import layers_table
from tinydf.data.dataset import Dataset
from tinydf.export.layers import layer_noise, noisiest, worst


def test_every_layer_of_the_export_is_compared(tiny_export: Path) -> None:
    parity = Parity.model_validate_json((tiny_export / PARITY).read_bytes())
    assert [one.index for one in parity.layers] == list(range(len(parity.layers)))
    assert parity.layers[0].operator == "CONV_2D"
    assert parity.layers[0].snr_db > 40
    assert all(one.snr_db > 0 for one in parity.layers)


def test_a_float_model_against_itself_has_no_noise(tiny_export: Path, tiny_data: Path) -> None:
    manifest, model = read_export(tiny_export), (tiny_export / "model_float.tflite").read_bytes()
    crops = [manifest.preprocess.crop_image(one.image) for one in Dataset(tiny_data).samples("test")]
    images = manifest.preprocess.to_float(np.stack(crops))
    assert {one.snr_db for one in layer_noise(model, model, images)} == {120.0}


def test_noisiest_layer_is_the_one_that_adds_most() -> None:
    snr, loss = (50.0, 40.0, 20.0, 18.0), (70.0, 10.0, 20.0, 2.0)
    layers = [
        LayerNoise(index=index, operator="CONV_2D", name="any", snr_db=snr[index], loss_db=loss[index])
        for index in range(4)
    ]
    assert noisiest(layers) == layers[2]
    assert worst(layers) == [layers[2], layers[1], layers[3]]
    assert worst(layers, 2) == [layers[2], layers[1]]
    assert noisiest([]) is None
    assert str(layers[2]) == "operator 2 (CONV_2D), 20.0 dB, 20.0 below its input"


def test_the_table_names_the_worst_layers_first(tiny_export: Path) -> None:
    parity = Parity.model_validate_json((tiny_export / PARITY).read_bytes())
    console = Console(width=400)
    with console.capture() as printed:
        console.print(layers_table(parity.layers))
    lines = printed.get().splitlines()[2:]
    assert [int(line.split()[0]) for line in lines] == [one.index for one in worst(parity.layers)]
    assert all(one.name.split(";")[0] in line for one, line in zip(worst(parity.layers), lines, strict=True))
