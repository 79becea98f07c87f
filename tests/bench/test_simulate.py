# SPDX-License-Identifier: Apache-2.0
"""`tinydf simulate`: a data set through the compiled C on all cores, with the interpreter's bytes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.e2e.command import COMMAND, interrupt_workers
from tinydf.bench.simulate import simulate
from tinydf.cli.simulate import command
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError

pytestmark = pytest.mark.export


def test_every_image_is_judged_with_tflms_bytes(tiny_export: Path, tiny_data: Path) -> None:
    result = simulate(tiny_export, tiny_data, "test", compare=24)
    dataset = Dataset(tiny_data)
    assert result.images == sum(dataset.count("test", platform) for platform in dataset.platforms("test"))
    assert list(result.accuracy.all) == dataset.platforms("test")
    assert result.speed is not None
    assert (result.speed.images, result.speed.mismatches) == (24, 0)


def test_command(tiny_export: Path, tiny_data: Path) -> None:
    arguments = [str(tiny_export), "--data", str(tiny_data)]
    result = CliRunner().invoke(command, [*arguments, "--split", "validation", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["split"] == "validation"
    table = CliRunner().invoke(command, [*arguments, "--compare", "4"])
    assert "0 of 4 outputs differ" in " ".join(table.stdout.split())


def test_only_some_sources(tiny_export: Path, tiny_data: Path) -> None:
    dataset = Dataset(tiny_data)
    everything = [one.source for name in dataset.platforms("test") for one in dataset.samples("test", name)]
    one = everything[0]
    assert simulate(tiny_export, tiny_data, sources=one).images == everything.count(one) < len(everything)
    with pytest.raises(TinydfError, match="nobody"):
        simulate(tiny_export, tiny_data, sources="nobody")


def test_missing_things_are_one_line(tiny_export: Path, tiny_data: Path, tmp_path: Path) -> None:
    for export, data in ((tmp_path, tiny_data), (tiny_export, tmp_path)):
        with pytest.raises(TinydfError) as caught:
            simulate(export, data)
        assert "\n" not in str(caught.value)


def test_ctrl_c_is_one_line(tiny_export: Path, tiny_data: Path) -> None:
    interrupt_workers(*COMMAND, "simulate", str(tiny_export), "--data", str(tiny_data))
