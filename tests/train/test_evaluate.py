"""Evaluation: the figures follow from the scores, and the commands print what a person and a script need."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tinydf.cli.main import main
from tinydf.data.dataset import FILE, Dataset
from tinydf.errors import TinydfError
from tinydf.train.evaluate import evaluate_run, evaluate_scores, summarise
from tinydf.train.images import Images, read_images
from tinydf.train.metrics import measure
from tinydf.train.run import load_run


def test_figures_follow_from_the_scores(finished: Path, data: Path) -> None:
    model, recipe, metrics = load_run(finished)
    evaluation = evaluate_run(finished, data, "test")
    images = read_images(Dataset(data), "test", "telegram")
    scores = evaluate_scores(model, images, recipe.preprocess)
    assert evaluation.all["telegram"] == measure(images.labels, scores, metrics.threshold)
    assert evaluation.generators["checker2"].rate["telegram"] == evaluation.all["telegram"].tpr
    assert evaluation.generators["camera"].rate["telegram"] == evaluation.all["telegram"].tnr


def test_scores_do_not_depend_on_the_batch(finished: Path, data: Path) -> None:
    model, recipe, _ = load_run(finished)
    images = read_images(Dataset(data), "test")
    alone = [
        evaluate_scores(model, Images([pixels], np.array([0]), ["camera"]), recipe.preprocess)[0]
        for pixels in images.pixels
    ]
    assert np.allclose(evaluate_scores(model, images, recipe.preprocess), alone, atol=1e-4)


def test_unseen_generators_are_kept_apart(data: Path, tmp_path: Path) -> None:
    """The same data set with its generator marked as unseen: only photographs are left among the seen."""
    described = json.loads((data / FILE).read_text())
    described["generators"][0]["seen"] = False
    (tmp_path / FILE).write_text(json.dumps(described))
    images = {"pre_social": read_images(Dataset(data), "test")}
    scores = {"pre_social": np.linspace(-1, 1, len(images["pre_social"]))}
    evaluation = summarise(Dataset(tmp_path), "test", images, scores, 0.0, "0" * 64)
    assert evaluation.seen["pre_social"].balanced_accuracy is None
    assert evaluation.all["pre_social"].images == 2 * evaluation.seen["pre_social"].images
    assert not evaluation.generators["checker2"].seen


def test_the_command_prints_tables_and_json(finished: Path, data: Path) -> None:
    table = CliRunner().invoke(main, ["evaluate", str(finished), "--data", str(data)])
    assert table.exit_code == 0, table.output
    for word in ("pre_social", "facebook", "checker2", "camera", "balanced accuracy", "AUC"):
        assert word in table.stdout
    printed = CliRunner().invoke(
        main, ["evaluate", str(finished), "--data", str(data), "--split", "validation", "--json"]
    )
    document = json.loads(printed.stdout)
    assert document["split"] == "validation"
    assert document["all"]["x"]["images"] == 16


def test_an_unfinished_run_is_refused(tmp_path: Path, data: Path) -> None:
    with pytest.raises(TinydfError, match=r"metrics\.json does not exist: make it with `tinydf train"):
        evaluate_run(tmp_path, data, "test")


def test_missing_data_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="does not exist"):
        evaluate_run(finished, tmp_path, "test")
