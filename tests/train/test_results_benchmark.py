# SPDX-License-Identifier: Apache-2.0
"""`make results`: what its page says follows from the cells, and from nothing else."""

from itertools import product
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results_page import SETTINGS, Cell, Figure, Group, Results, Setting, differences, page
from tinydf.data.dataset import Dataset

POST: dict[Setting, float] = {"plain": 0.6, "augmentation": 0.8, "ssl": 0.7, "ssl-augmentation": 0.79}


def group(pre: float, post: float) -> Group:
    return Group(
        pre_social=Figure(value=pre, interval=(pre - 0.01, pre + 0.01)),
        after_sharing=Figure(value=post, interval=None),
        worst=post - 0.1,
    )


def cell(detector: str, setting: Setting, seed: int, post: float | None = None) -> Cell:
    parameters = 1000 if detector == "large" else 100
    after = (POST[setting] if post is None else post) + 0.01 * seed
    return Cell(
        detector=detector,
        setting=setting,
        seed=seed,
        identity=f"{detector} {setting} {seed}",
        parameters=parameters,
        macs=10 * parameters,
        seconds=90,
        seen=group(0.98, after),
        unseen=group(0.9, after - 0.2),
    )


def text(*cells: Cell) -> str:
    return page(Results(dataset_sha256="", torch="2", cells=list(cells)), ["small"], "large", seeds=2)


def whole() -> list[Cell]:
    small = [cell("small", setting, seed) for setting, seed in product(SETTINGS, (0, 1))]
    return [*small, *(cell("large", setting, 0, post=0.9) for setting in SETTINGS)]


def test_a_whole_table_answers_both_questions() -> None:
    said = text(*whole())
    assert "12 of 12 cells are there." in said
    assert "| small | plain | 2 | 0.980 ±0.000 | 0.605 ±0.005 | 0.505 ±0.005 |" in said
    assert "**small**: it narrows the gap. Sharing costs 0.375" in said
    assert "takes away +0.100 (+0.100 to +0.100 over 2 seeds), 27% of it" in said
    assert "On top of augmentation it changes accuracy after sharing by -0.010" in said
    assert "**small**, with 10.0% of the parameters of large" in said
    assert "0.805 ±0.005 against 0.900 after sharing" in said
    assert "not measured" not in said


def test_what_is_missing_is_said_to_be() -> None:
    said = text(cell("small", "plain", 0))
    assert "1 of 12 cells are there. The others are not measured yet" in said
    assert "- **small**: not measured yet." in said
    assert "| small | ssl | 0 |" not in said
    assert "| small | pre-training, fine-tuning | 0 | - | - | - | - | - | - |" in said


@pytest.mark.parametrize(
    ("posts", "verdict"),
    [((0.5, 0.5), "no, it widens the gap"), ((0.7, 0.5), "the seeds do not agree"), ((0.7,), "one seed cannot say")],
)
def test_the_answer_may_be_no(posts: tuple[float, ...], verdict: str) -> None:
    plain = [cell("small", "plain", seed) for seed in range(len(posts))]
    said = text(*plain, *(cell("small", "ssl", seed, post) for seed, post in enumerate(posts)))
    assert verdict in said


def test_seeds_are_compared_with_themselves() -> None:
    table = Results(dataset_sha256="", torch="2", cells=[cell("small", "plain", 0), cell("small", "ssl", 1)])
    assert differences(table, "small", "plain", "ssl", lambda one: one.seen.gap) is None


def test_jobs_are_forty_cells_and_their_pretrainings_come_first() -> None:
    jobs = list(results.jobs())
    assert sum(job.setting is not None for job in jobs) == 40
    for place, job in enumerate(jobs):
        assert job.pretraining is None or job.pretraining in jobs[:place]
    assert len({job.identity("data") for job in jobs if job.setting}) == 40
    shares = {job.setting: job.recipe().augmentation.share for job in jobs if job.setting}
    assert shares["plain"] == shares["ssl"] == 0
    assert shares["augmentation"] == shares["ssl-augmentation"] > 0


def test_cells_are_kept_and_stale_ones_made_again(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    monkeypatch.setattr(results, "PAGE", tmp_path / "results.md")
    job, other = results.Job("phinet-demo", "plain", 0), results.Job("phinet-demo", "ssl", 0)
    table = results.Table(Dataset(data))
    made = cell("phinet-demo", "plain", 0).model_copy(update={"identity": job.identity(table._data.sha256)})
    table.add(made)
    again = results.Table(Dataset(data))
    assert again.has(job) and not again.has(other) and not again.has(results.Job("phinet-demo", None, 0))
    monkeypatch.setattr(results, "EPOCHS", 7)
    assert not results.Table(Dataset(data)).has(job)
