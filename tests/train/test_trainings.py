# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks that train for hours share: jobs side by side, each after what it waits for, ended by Ctrl-C."""

import sys
from pathlib import Path
from typing import cast

import pytest

from benchmarks.trainings import full_tier, identity, side_by_side
from tests.e2e.command import interrupt_workers
from tinydf.errors import TinydfError
from tinydf.train.recipe import find_recipe, override, read_recipe


@pytest.mark.slow
def test_each_job_is_done_once_and_after_what_it_waits_for() -> None:
    before = {2: 7, 3: 7}
    done = list(side_by_side(abs, [2, 3, 7, -5], 2, after=before.get))
    jobs = [job for job, _, _ in done]
    assert sorted(jobs) == [-5, 2, 3, 7]
    assert jobs.index(7) < min(jobs.index(2), jobs.index(3))
    assert all(result == abs(job) for job, result, _ in done)
    assert [left for _, _, left in done][-1] == 0


@pytest.mark.slow
def test_what_a_job_waits_for_may_have_been_done_before() -> None:
    assert [job for job, _, _ in side_by_side(abs, [2], 1, after={2: 7}.get)] == [2]


@pytest.mark.slow
def test_an_error_of_a_job_ends_the_others() -> None:
    with pytest.raises(TypeError):
        list(side_by_side(abs, [cast(int, "nothing"), 1, 2], 1))


@pytest.mark.slow
def test_ctrl_c_ends_all_jobs_with_one_line() -> None:
    interrupt_workers(sys.executable, "-m", "tests.train.asleep")


def test_an_identity_changes_with_all_that_a_result_depends_on() -> None:
    recipe = read_recipe(find_recipe("phinet-demo"))
    names = {
        identity(recipe, "a"),
        identity(recipe, "b"),
        identity(recipe, "a", "c"),
        identity(override(recipe, 1), "a"),
    }
    assert len(names) == 4
    assert identity(recipe, "a") == identity(read_recipe(find_recipe("phinet-demo")), "a")


def test_only_the_full_tier_will_do(tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="is not the full tier: tinydf data demo --tier full"):
        full_tier(tiny_data)
    with pytest.raises(TinydfError):
        full_tier(tmp_path)
