"""Scores of a detector over a data set, and the figures that follow from them."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import nn

from tinydf.data.dataset import FAKE, Dataset, Split
from tinydf.preprocess import Preprocess
from tinydf.train.images import Images, read_images, to_tensor
from tinydf.train.metrics import Figures, measure
from tinydf.train.run import load_run

BATCH = 128


class GeneratorFigures(BaseModel):
    """One generator's images, by platform: TPR for fakes, TNR for photographs and controls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: int
    seen: bool
    images: int
    rate: dict[str, float]


class Evaluation(BaseModel):
    """What `tinydf evaluate --json` prints."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset_sha256: str
    weights_sha256: str
    split: str
    threshold: float
    seen: dict[str, Figures]
    all: dict[str, Figures]
    generators: dict[str, GeneratorFigures]


def evaluate_run(run: Path, data_directory: Path, split: Split) -> Evaluation:
    """Measure a finished run on a split, at the threshold that validation chose.

    Raises:
        TinydfError: if the run or the data set is not there, damaged, or has no such split.
    """
    model, recipe, metrics = load_run(run)
    data = Dataset(data_directory)
    images = {platform: read_images(data, split, platform) for platform in data.platforms(split)}
    if not images:
        read_images(data, split)
    scores = {platform: evaluate_scores(model, some, recipe.preprocess) for platform, some in images.items()}
    return summarise(data, split, images, scores, metrics.threshold, metrics.weights_sha256)


def evaluate_scores(model: nn.Module, images: Images, preprocess: Preprocess) -> NDArray[np.float64]:
    """Log-odds of "fake", logit(fake) - logit(real), of each image's centre crop, float64 [images]."""
    model.eval()
    crops = np.stack([preprocess.crop_image(one) for one in images.pixels])
    with torch.no_grad():
        logits = torch.cat([model(to_tensor(part, preprocess)) for part in np.array_split(crops, _parts(len(crops)))])
    scores: NDArray[np.float64] = (logits[:, 1] - logits[:, 0]).double().numpy()
    return scores


def summarise(
    data: Dataset,
    split: Split,
    images: dict[str, Images],
    scores: dict[str, NDArray[np.float64]],
    threshold: float,
    weights_sha256: str,
) -> Evaluation:
    """Figures by platform (of seen generators, and of all) and by generator, from scores by platform."""
    seen, everything, generators = {}, {}, {}
    for platform, some in images.items():
        known = np.array([data.seen(name) for name in some.generators])
        seen[platform] = measure(some.labels[known], scores[platform][known], threshold)
        everything[platform] = measure(some.labels, scores[platform], threshold)
    first = next(iter(images.values()))
    for name in dict.fromkeys(first.generators):
        rates = {platform: _rate(name, some, scores[platform], threshold) for platform, some in images.items()}
        chosen = [index for index, generator in enumerate(first.generators) if generator == name]
        generators[name] = GeneratorFigures(
            label=int(first.labels[chosen[0]]), seen=data.seen(name), images=len(chosen), rate=rates
        )
    return Evaluation(
        dataset_sha256=data.sha256,
        weights_sha256=weights_sha256,
        split=split,
        threshold=threshold,
        seen=seen,
        all=everything,
        generators=generators,
    )


def _rate(name: str, images: Images, scores: NDArray[np.float64], threshold: float) -> float:
    chosen = np.array([generator == name for generator in images.generators])
    right = (scores > threshold) == (images.labels == FAKE)
    return float(right[chosen].mean())


def _parts(count: int) -> int:
    return max(1, -(-count // BATCH))
