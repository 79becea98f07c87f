"""Scores of a detector over a data set, and the figures that follow from them."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tinydf.data.dataset import Dataset, Split
from tinydf.preprocess import Preprocess
from tinydf.train.accuracy import Accuracy, Case, measure
from tinydf.train.images import Images, read_images, to_tensor
from tinydf.train.run import load_run

BATCH = 128


class Evaluation(Accuracy):
    """What `tinydf evaluate --json` prints."""

    dataset_sha256: str
    weights_sha256: str
    split: str
    threshold: float


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
    device = next(model.parameters()).device
    parts = np.array_split(crops, _parts(len(crops)))
    with torch.no_grad():
        logits = torch.cat([model(to_tensor(part, preprocess).to(device)) for part in parts]).cpu()
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
    """Figures by platform and by generator, from scores by platform."""
    cases = [
        Case(platform, generator, int(label), bool(score > threshold), float(score))
        for platform, some in images.items()
        for generator, label, score in zip(some.generators, some.labels, scores[platform], strict=True)
    ]
    accuracy = measure(cases, {case.generator: data.seen(case.generator) for case in cases})
    return Evaluation(
        dataset_sha256=data.sha256,
        weights_sha256=weights_sha256,
        split=split,
        threshold=threshold,
        **dict(accuracy),
    )


def _parts(count: int) -> int:
    return max(1, -(-count // BATCH))
