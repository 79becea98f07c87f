# SPDX-License-Identifier: Apache-2.0
"""Weights from elsewhere: what matches is told, what does not fit stays, what is broken is refused."""

import logging
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from tinydf.detectors.mobilenet_v3 import MobileNetV3Small, Options
from tinydf.errors import TinydfError
from tinydf.train.loop import train
from tinydf.train.recipe import Recipe, read_recipe
from tinydf.train.weights import load_foreign_weights


@pytest.fixture(scope="module")
def imagenet() -> dict[str, Tensor]:
    """Names and shapes of torchvision's: 1000 classes, linear layers, no counters; half precision."""
    torch.manual_seed(1)
    state = MobileNetV3Small(Options(width=0.35), classes=1000).state_dict()
    kept = {name: value.half() for name, value in state.items() if not name.endswith("num_batches_tracked")}
    linear = [name for name, value in kept.items() if "classifier" in name and value.ndim > 1]
    return kept | {name: kept[name].flatten(1) for name in linear}


@pytest.fixture
def detector() -> nn.Module:
    torch.manual_seed(2)
    return MobileNetV3Small(Options(width=0.35))


def test_all_but_the_classes_match(tmp_path: Path, imagenet: dict[str, Tensor], detector: nn.Module) -> None:
    path, before = tmp_path / "imagenet.safetensors", detector.classifier[3].weight.clone()
    safetensors.torch.save_file(imagenet | {"head.weight": torch.zeros(3)}, path)
    report = load_foreign_weights(detector, path)
    last = "classifier.3.weight", (1000, 360), (2, 360, 1, 1)
    assert report.reshaped == (("classifier.3.bias", (1000,), (2,)), last)
    assert (report.missing, report.unused) == ((), ("head.weight",))
    assert 0.99 < report.share < 1
    state = detector.state_dict()
    assert all(torch.equal(state[name].flatten(), imagenet[name].float().flatten()) for name in report.matched)
    assert torch.equal(detector.classifier[3].weight, before)
    assert report.lines()[1:] == [
        "of another shape: classifier.3.bias is [1000] where the detector has [2], "
        "classifier.3.weight is [1000, 360] where the detector has [2, 360, 1, 1]",
        "not used: head.weight",
    ]


def test_what_is_missing_is_named(tmp_path: Path, imagenet: dict[str, Tensor], detector: nn.Module) -> None:
    path = tmp_path / "part.safetensors"
    safetensors.torch.save_file({name: imagenet[name] for name in imagenet if name.startswith("features.0")}, path)
    report = load_foreign_weights(detector, path)
    assert len(report.matched) == 5
    assert report.lines()[1].startswith("missing: classifier.0.bias, classifier.0.weight, ")
    assert report.lines()[1].endswith(f" and {len(report.missing) - 6} more")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"encoder.weight": torch.zeros(2)}, "has no weights for this detector: it begins with encoder.weight"),
        ({"classifier.0.bias": torch.full((360,), torch.nan)}, "classifier.0.bias holds what is no finite number"),
        (
            {"classifier.0.bias": torch.arange(360)},
            "classifier.0.bias holds what is no finite number",
        ),
        (b"PK\x03\x04 a pickle, perhaps", "is no file of safetensors"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    tmp_path: Path, detector: nn.Module, content: dict[str, Tensor] | bytes, message: str
) -> None:
    path, before = tmp_path / "given.safetensors", {name: one.clone() for name, one in detector.state_dict().items()}
    path.write_bytes(content if isinstance(content, bytes) else safetensors.torch.save(content))
    with pytest.raises(TinydfError) as error:
        load_foreign_weights(detector, path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert all(torch.equal(before[name], one) for name, one in detector.state_dict().items())


def test_a_training_begins_with_them(
    tmp_path: Path, tiny_run: Path, tiny_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A run's own weights are as good as any: the features of the best epoch are there again after no epoch at all."""
    caplog.set_level(logging.INFO, "tinydf")
    recipe = read_recipe(tiny_run / "recipe.toml")
    probe = recipe.training.model_copy(update={"epochs": 1, "probe": True})
    weights = tiny_run / "weights.safetensors"
    metrics = train(recipe.model_copy(update={"training": probe}), tiny_data, tmp_path / "run", weights=weights)
    assert "tensors matched, 100.0% of the detector's numbers" in caplog.text
    assert metrics.initial_sha256 is not None
    own, learned = (safetensors.torch.load_file(one / "weights.safetensors") for one in (tiny_run, tmp_path / "run"))
    convolutions = [name for name, value in own.items() if value.ndim == 4 and not name.startswith("classifier")]
    assert convolutions and all(torch.equal(own[name], learned[name]) for name in convolutions)


def test_only_one_set_of_weights(tmp_path: Path, tiny_run: Path, tiny_data: Path, recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="begins with one set of weights: give --init or --weights"):
        train(recipe, tiny_data, tmp_path / "run", initial=tiny_run, weights=tiny_run / "weights.safetensors")
    with pytest.raises(TinydfError, match=r"nothing\.safetensors does not exist"):
        train(recipe, tiny_data, tmp_path / "run", weights=tmp_path / "nothing.safetensors")
