# SPDX-License-Identifier: Apache-2.0
"""Every bad input: one clear line, a status that is not 0, and nothing half-written."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import COMMAND, interrupt, last_line, leftovers, refuse, tinydf
from tests.e2e.test_pipeline import RECIPE
from tinydf.installation import install

pytestmark = pytest.mark.slow


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def test_missing_data_set(recipe: Path, tmp_path: Path) -> None:
    line = refuse("train", recipe, "--data", tmp_path / "nowhere", "--out", tmp_path / "run")
    assert "nowhere" in line and "does not exist" in line
    assert not (tmp_path / "run").exists()


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = refuse("data", "folder", tmp_path / "empty", "--out", tmp_path / "data")
    assert "empty" in line and "real" in line
    assert not (tmp_path / "data").exists()


def test_recipe_with_an_unknown_key(recipe: Path, tiny_data: Path, tmp_path: Path) -> None:
    recipe.write_text(RECIPE.replace("epochs = 6", "epochs = 6\nepoch_count = 7"))
    line = refuse("train", recipe, "--data", tiny_data, "--out", tmp_path / "run")
    assert "epoch_count" in line and str(recipe) in line
    assert not (tmp_path / "run").exists()


def test_recipe_that_does_not_exist(tiny_data: Path, tmp_path: Path) -> None:
    line = refuse("train", "florb", "--data", tiny_data, "--out", tmp_path / "run")
    assert "florb" in line and "phinet-demo" in line


@pytest.mark.parametrize("command", [("build",), ("flash", "--emulator")])
def test_board_that_does_not_exist(command: tuple[str, ...], tmp_path: Path) -> None:
    line = refuse(*command, "--board", "nucleo-x999", "--export", tmp_path)
    assert "nucleo-x999" in line and "nucleo-h743" in line


@pytest.mark.export
def test_port_that_does_not_exist(tiny_export: Path, tiny_data: Path, tmp_path: Path) -> None:
    port = ("--port", "/dev/ttyNOWHERE")
    line = refuse("bench", *port, "--data", tiny_data, "--export", tiny_export, "--out", tmp_path / "bench")
    assert "/dev/ttyNOWHERE" in line
    assert not (tmp_path / "bench").exists()


@pytest.mark.export
def test_port_where_nobody_answers(tiny_export: Path, tiny_data: Path, tmp_path: Path) -> None:
    controller, line_side = os.openpty()
    try:
        port = ("--port", os.ttyname(line_side))
        line = refuse("bench", *port, "--data", tiny_data, "--export", tiny_export, "--out", tmp_path / "bench")
    finally:
        os.close(controller)
        os.close(line_side)
    assert port[1] in line


@pytest.mark.export
def test_model_cut_in_half(tiny_export: Path, tmp_path: Path) -> None:
    whole = (tiny_export / "model.tflite").read_bytes()
    half = tmp_path / "half.tflite"
    half.write_bytes(whole[: len(whole) // 2])
    for command in ("compile", "export --int8"):
        line = refuse(*command.split(), half, "--out", tmp_path / "out")
        assert "half.tflite" in line
        assert not (tmp_path / "out").exists()


def test_run_that_does_not_exist(tiny_data: Path, tmp_path: Path) -> None:
    assert "norun" in refuse("evaluate", tmp_path / "norun", "--data", tiny_data)
    line = refuse("export", "--int8", tmp_path / "norun", "--data", tiny_data, "--out", tmp_path / "out")
    assert "norun" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.export
def test_full_disk_keeps_the_older_export(tiny_export: Path, tmp_path: Path) -> None:
    """The kernel refuses files above a limit, as a full disk would; the export that is there stays whole."""
    out = tmp_path / "export"
    export = ("export", "--int8", str(tiny_export / "model.tflite"), "--out", str(out))
    assert tinydf(*export).returncode == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def limit_file_size() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run([*COMMAND, *export], capture_output=True, text=True, preexec_fn=limit_file_size, check=False)
    assert done.returncode == 1, done.stderr
    last_line(done.stderr)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not leftovers(tmp_path)


def test_no_room_at_all(recipe: Path, tiny_data: Path) -> None:
    """/dev/full stands for a device without room; a run directory cannot be made below a file."""
    line = refuse("train", recipe, "--data", tiny_data, "--out", "/dev/full/run")
    assert "/dev/full" in line


@pytest.mark.slow
def test_interrupted_training_can_go_on(recipe: Path, tiny_data: Path, tmp_path: Path) -> None:
    recipe.write_text(RECIPE.replace("epochs = 6", "epochs = 400"))
    run = tmp_path / "run"
    train = ("train", recipe, "--data", tiny_data, "--out", run)
    status, errors = interrupt((run / "checkpoint.pt").is_file, *train)
    assert status == 130, errors
    assert "--resume" in last_line(errors)
    assert not (run / "metrics.json").exists()
    assert not leftovers(tmp_path)


@pytest.mark.slow
@pytest.mark.export
def test_interrupted_export_leaves_nothing(tiny_run: Path, tiny_data: Path, tmp_path: Path) -> None:
    started = lambda: any(path.name.endswith(".partial") for path in tmp_path.iterdir())  # noqa: E731
    command = ("export", "--int8", tiny_run, "--data", tiny_data, "--out", tmp_path / "export")
    status, errors = interrupt(started, *command)
    assert status == 130, errors
    last_line(errors)
    assert list(tmp_path.iterdir()) == []


def test_commands_say_what_they_need_where_an_extra_is_missing(tiny_data: Path, tmp_path: Path) -> None:
    """A machine that only flashes and benches has neither torch nor TensorFlow."""
    for module in ("torch", "tensorflow"):
        (tmp_path / f"{module}.py").write_text(
            f"raise ModuleNotFoundError(\"No module named '{module}'\", name='{module}')"
        )
    environment = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = tinydf("evaluate", tmp_path, "--data", tiny_data, **environment)
    assert done.returncode == 1
    assert last_line(done.stderr) == f"tinydf: this command needs torch: {install('train')}"
    assert tinydf("boards", "list", **environment).returncode == 0


@pytest.mark.slow
def test_interrupted_demo_goes_on_where_it_stopped(recipe: Path, tiny_data: Path, tmp_path: Path) -> None:
    """Ctrl-C while both detectors train: both stop, and keep what they have."""
    recipe.write_text(RECIPE.replace("epochs = 6", "epochs = 400"))
    out = tmp_path / "demo"
    checkpoints = [out / name / "checkpoint.pt" for name in ("run", "baseline")]
    status, errors = interrupt(
        lambda: all(path.is_file() for path in checkpoints),
        "demo",
        "--out",
        out,
        "--data",
        tiny_data,
        "--recipe",
        recipe,
    )
    assert status == 130, errors
    last_line(errors)
    assert all(path.is_file() for path in checkpoints)
    assert not (out / "run" / "metrics.json").exists()
    assert not leftovers(tmp_path)
