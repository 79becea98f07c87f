# SPDX-License-Identifier: Apache-2.0
"""Evaluation: the figures follow from the scores, and the commands print what a person and a script need."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tinydf.cli.main import main
from tinydf.data.dataset import FILE, Dataset
from tinydf.errors import TinydfError
from tinydf.metrics.figures import figures_at
from tinydf.train.evaluate import evaluate, evaluate_scores, score_run
from tinydf.train.images import Images, read_images
from tinydf.train.run import load_run


def test_figures_follow_from_the_scores(finished: Path, data: Path) -> None:
    model, recipe, metrics = load_run(finished)
    evaluation = evaluate(score_run(finished, data, "test"))
    images = read_images(Dataset(data), "test", "telegram")
    scores = evaluate_scores(model, images, recipe.preprocess)
    assert evaluation.all["telegram"] == figures_at(images.labels, scores, metrics.threshold)
    assert evaluation.generators["checker2"].rate["telegram"] == evaluation.all["telegram"].tpr
    assert evaluation.generators["camera"].rate["telegram"] == evaluation.all["telegram"].tnr


def test_scores_do_not_depend_on_the_batch(finished: Path, data: Path) -> None:
    model, recipe, _ = load_run(finished)
    images = read_images(Dataset(data), "test")
    alone = [
        evaluate_scores(model, Images([pixels], np.array([0]), ["camera"], ["one"]), recipe.preprocess)[0]
        for pixels in images.pixels
    ]
    assert np.allclose(evaluate_scores(model, images, recipe.preprocess), alone, atol=1e-4)


def test_an_image_of_several_crops_has_their_mean_score(finished: Path, data: Path) -> None:
    model, recipe, _ = load_run(finished)
    pixels = read_images(Dataset(data), "test").pixels[0]
    several = recipe.preprocess.model_copy(update={"crops": 4})
    crops = list(several.crop_images(pixels))
    assert len(crops) == 4
    alone = evaluate_scores(model, Images(crops, np.zeros(4, np.int64), ["camera"] * 4, ["one"] * 4), recipe.preprocess)
    together = evaluate_scores(model, Images([pixels], np.zeros(1, np.int64), ["camera"], ["one"]), several)
    assert together == pytest.approx([alone.mean()], abs=1e-4)


def test_unseen_generators_are_kept_apart(finished: Path, data: Path) -> None:
    """A run that learned from another generator: only photographs are left among the seen."""
    scored = score_run(finished, data, "test")
    assert scored.metrics.generators == ("checker2",), "a run records whose fakes it learned from"
    others = scored.metrics.model_copy(update={"generators": ("another",)})
    evaluation = evaluate(replace(scored, metrics=others))
    assert evaluation.seen["pre_social"].balanced_accuracy is None
    assert evaluation.certainty["seen"]["pre_social"].intervals.keys() == {"tnr"}
    assert evaluation.all["pre_social"].images == 2 * evaluation.seen["pre_social"].images
    assert not evaluation.generators["checker2"].seen
    assert evaluation.after_sharing.keys() == {"unseen", "all"}


def test_a_run_without_a_record_is_judged_by_the_data_set(finished: Path, data: Path, tmp_path: Path) -> None:
    described = json.loads((data / FILE).read_text())
    described["generators"][0]["seen"] = False
    (tmp_path / FILE).write_text(json.dumps(described))
    scored = replace(score_run(finished, data, "test"), data=Dataset(tmp_path))
    assert evaluate(scored).generators["checker2"].seen, "by the run's record, not by what the data set trains"
    unrecorded = scored.metrics.model_copy(update={"generators": None})
    assert not evaluate(replace(scored, metrics=unrecorded)).generators["checker2"].seen


def test_sharing_is_summed_up(finished: Path, data: Path) -> None:
    evaluation = evaluate(score_run(finished, data, "test"))
    rates = {name: one.balanced_accuracy for name, one in evaluation.all.items() if name != "pre_social"}
    shared = evaluation.after_sharing["all"]
    assert shared.mean == pytest.approx(np.mean([rate for rate in rates.values() if rate is not None]))
    assert shared.worst == rates[shared.worst_platform] == min(rate for rate in rates.values() if rate is not None)
    assert shared.interval is not None
    assert shared.interval[0] <= shared.mean <= shared.interval[1]


def test_some_sources_alone(finished: Path, data: Path) -> None:
    scored = score_run(finished, data, "test", "*china*")
    assert 0 < len(scored.images["x"]) < len(read_images(Dataset(data), "test"))
    assert all("china" in name for name in scored.images["x"].sources)
    with pytest.raises(TinydfError, match="has no test images of sources 'moon-\\*'"):
        score_run(finished, data, "test", "moon-*")


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


def test_several_runs_are_set_against_each_other(finished: Path, data: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", str(finished), str(finished), "--data", str(data)]
    table = CliRunner().invoke(main, [*arguments, "--plots", str(tmp_path / "plots")])
    assert table.exit_code == 0, table.output
    assert table.stdout.count("small") == 2
    assert {one.name for one in (tmp_path / "plots").iterdir()} == {"accuracy.svg", "roc.svg", "calibration.svg"}
    drawn = {one.name: one.read_bytes() for one in (tmp_path / "plots").iterdir()}
    documents = json.loads(CliRunner().invoke(main, [*arguments, "--json", "--plots", str(tmp_path / "again")]).stdout)
    assert [one["name"] for one in documents] == ["small", "small"]
    assert drawn == {one.name: one.read_bytes() for one in (tmp_path / "again").iterdir()}


def test_an_unfinished_run_is_refused(tmp_path: Path, data: Path) -> None:
    with pytest.raises(TinydfError, match=r"metrics\.json does not exist: make it with `tinydf train"):
        score_run(tmp_path, data, "test")


def test_missing_data_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="does not exist"):
        score_run(finished, tmp_path, "test")
