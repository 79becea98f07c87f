# SPDX-License-Identifier: Apache-2.0
"""Benches on the real firmware, as a process of the host: whole, cut at random places, on several boards, refused."""

import json
import random
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from serial.tools import list_ports

from tests.bench.posix import Posix, switched_on
from tests.e2e.command import interrupt, refuse, succeed
from tinydf import emulator
from tinydf.artefacts.build import ELF, read_build
from tinydf.artefacts.manifest import read_export
from tinydf.bench import journal as journals
from tinydf.bench.images import choose, images
from tinydf.bench.run import FILE, bench
from tinydf.bench.summary import Bench, device_case
from tinydf.compiler.host import HostEngine
from tinydf.data.dataset import PLATFORMS, Dataset
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes

pytestmark = pytest.mark.export

IMAGES = 64


def test_the_board_is_found(
    tiny_data: Path, tiny_export: Path, tiny_firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No board on USB, one emulated board that runs: it is taken, and the journal names its port."""
    monkeypatch.setenv("TINYDF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(list_ports, "comports", list)
    running = emulator.start("posix", tiny_firmware / ELF, "desk")
    try:
        result = bench(["auto"], tiny_data, tiny_export, tmp_path / "bench", limit=4)
    finally:
        running.stop()
    assert (result.images, result.mismatches) == (4, 0)
    (session,) = journals.read(tmp_path / "bench" / journals.FILE).sessions
    assert session.port == running.port


def test_a_whole_run(board: Posix, tiny_data: Path, tiny_export: Path, tiny_firmware: Path, tmp_path: Path) -> None:
    result = bench([board.port], tiny_data, tiny_export, tmp_path / "bench", firmware=tiny_firmware)
    assert (result.images, result.images_of_split, result.mismatches) == (IMAGES, IMAGES, 0)
    assert (result.board, result.engine, result.emulated) == ("posix", "aot", False)
    assert Bench.model_validate_json((tmp_path / "bench" / FILE).read_bytes()) == result

    contents = journals.read(tmp_path / "bench" / journals.FILE)
    manifest, engine = read_export(tiny_export), HostEngine(tiny_export)
    for index, sample in images(Dataset(tiny_data), "test", frozenset(range(IMAGES))):
        answer = contents.answers[index]
        expected = engine.run(manifest.to_inputs(sample.image))
        assert (answer.key, answer.platform, answer.label) == (sample.key, sample.platform, sample.label)
        assert answer.output == expected.tobytes().hex()
        assert answer.fake == manifest.verdict(expected)

    ticks = [one.ticks for one in contents.answers.values()]
    assert (result.ticks.minimum, result.ticks.median) == (min(ticks), float(np.median(ticks)))
    assert result.ticks.unit == "nanoseconds of the host"
    assert result.ticks.milliseconds is None
    assert [layer.name for layer in result.layers] == engine.layer_names
    assert all(layer.ticks > 0 for layer in result.layers)
    built = read_build(tiny_firmware)
    assert (result.memory.flash_bytes, result.memory.arena_bytes) == (built.flash_bytes, built.arena_bytes)
    assert result.memory.arena_intact


@pytest.mark.parametrize("seed", range(3))
def test_a_run_cut_at_random_places_loses_nothing_and_counts_nothing_twice(
    seed: int, board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    out, chance, cuts, answered = tmp_path / "bench", random.Random(seed), 0, 0
    while answered < IMAGES:
        plug = threading.Timer(0.1 + chance.random() * 0.3, board.off)
        plug.start()
        try:
            bench([board.port], tiny_data, tiny_export, out, resume=cuts > 0)
        except TinydfError as error:
            cuts += 1
            assert board.port in error.what
            assert "\n" not in str(error)
            if (out / journals.FILE).is_file():
                assert "--resume" in error.hint or "does not exist" in error.what
        finally:
            plug.join()
            board.off()
        now = len(journals.read(out / journals.FILE).answers) if (out / journals.FILE).is_file() else 0
        assert now >= answered
        answered = now
        board.on()
    result = bench([board.port], tiny_data, tiny_export, out, resume=cuts > 0)
    assert cuts > 0
    assert (result.images, result.mismatches) == (IMAGES, 0)
    lines = [json.loads(line) for line in (out / journals.FILE).read_text().splitlines()]
    assert sorted(line["index"] for line in lines if line["kind"] == "answer") == list(range(IMAGES))


def test_a_board_that_vanishes_ends_it_with_one_line(
    board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "bench" / journals.FILE

    def pull() -> None:
        while not (journal.is_file() and journal.read_bytes().count(b'"answer"') >= 3):
            time.sleep(0.005)
        board.off()

    plug = threading.Thread(target=pull)
    plug.start()
    run = ("bench", "--port", board.port, "--data", tiny_data, "--export", tiny_export, "--out", journal.parent)
    line = refuse(*run)
    plug.join()
    assert board.port in line
    assert "--resume" in line
    board.on()
    assert json.loads(succeed(*run, "--resume", "--json"))["images"] == IMAGES


def test_ctrl_c_keeps_the_journal(board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path) -> None:
    journal = tmp_path / "bench" / journals.FILE
    run = ("bench", "--port", board.port, "--data", tiny_data, "--export", tiny_export, "--out", journal.parent)
    status, errors = interrupt(lambda: journal.is_file() and b'"answer"' in journal.read_bytes(), *run)
    assert status == 130
    assert "Traceback" not in errors
    assert "--resume" in errors
    assert 0 < len(journals.read(journal).answers) < IMAGES
    assert not (journal.parent / FILE).exists()
    printed = succeed(*run, "--resume")
    assert "64 of 64" in printed
    assert "CONV_2D" in printed


def test_images_are_judged_by_several_crops_on_the_board_as_on_the_host(
    board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    shutil.copytree(tiny_export, export)
    written = json.loads((export / "manifest.json").read_text())
    written["preprocess"]["crops"] = 4
    (export / "manifest.json").write_text(json.dumps(written))
    result = bench([board.port], tiny_data, export, tmp_path / "bench")
    assert (result.images, result.mismatches) == (IMAGES, 0)
    assert result.inferences > 2 * IMAGES
    manifest, engine = read_export(export), HostEngine(export)
    samples = dict(images(Dataset(tiny_data), "test", frozenset(range(IMAGES))))
    for index, answer in journals.read(tmp_path / "bench" / journals.FILE).answers.items():
        outputs = engine.run(manifest.to_inputs(samples[index].image))
        score = manifest.score(outputs)
        assert (answer.crops, answer.output) == (len(outputs), outputs.tobytes().hex())
        assert answer.fake == manifest.verdict(outputs) == (score > manifest.decision.threshold)
        assert device_case(answer).score * manifest.output.scale == pytest.approx(score)


def test_two_boards_share_the_images(
    board: Posix, tiny_firmware: Path, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    with switched_on(tiny_firmware, tmp_path / "tty2") as other:
        result = bench([board.port, other.port], tiny_data, tiny_export, tmp_path / "bench")
    assert (result.images, result.mismatches) == (IMAGES, 0)
    answers = journals.read(tmp_path / "bench" / journals.FILE).answers.values()
    assert {one.session for one in answers} == {1, 2}


def test_when_one_of_two_boards_vanishes_both_stop(
    board: Posix, tiny_firmware: Path, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bench"
    with switched_on(tiny_firmware, tmp_path / "tty2") as other:
        plug = threading.Timer(0.3, other.off)
        plug.start()
        with pytest.raises(TinydfError, match="tty2"):
            while True:  # until the plug is pulled in the middle of one
                shutil.rmtree(out, ignore_errors=True)
                bench([board.port, other.port], tiny_data, tiny_export, out)
        plug.join()
    result = bench([board.port], tiny_data, tiny_export, out, resume=(out / journals.FILE).is_file())
    assert (result.images, result.mismatches) == (IMAGES, 0)


def test_limit_then_more(board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench"
    first = bench([board.port], tiny_data, tiny_export, out, limit=12)
    assert first.images == 12
    assert {name: one.images for name, one in first.accuracy.all.items()} == dict.fromkeys(PLATFORMS, 3)
    more = bench([board.port], tiny_data, tiny_export, out, platforms=["x"], resume=True)
    assert more.images == 9 + 16
    again = bench([board.port], tiny_data, tiny_export, out, limit=12, resume=True)
    assert again.images == 9 + 16


def test_an_export_of_another_model_or_threshold_is_refused(
    board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    other = tmp_path / "export"
    shutil.copytree(tiny_export, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["decision"]["threshold_steps"] += 1
    (other / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TinydfError, match="the board decides at"):
        bench([board.port], tiny_data, other, tmp_path / "bench")

    model = (other / "model.tflite").read_bytes() + b"\0"
    (other / "model.tflite").write_bytes(model)
    manifest["chain"]["tflite"] = sha256_bytes(model)
    (other / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TinydfError, match="the board runs model"):
        bench([board.port], tiny_data, other, tmp_path / "bench")
    assert not (tmp_path / "bench").exists()


def test_a_build_that_does_not_run_is_refused(
    board: Posix, tiny_data: Path, tiny_export: Path, tiny_firmware: Path, tmp_path: Path
) -> None:
    other = tmp_path / "firmware"
    shutil.copytree(tiny_firmware, other, ignore=shutil.ignore_patterns("cmake"))
    build = json.loads((other / "build.json").read_text())
    (other / "build.json").write_text(json.dumps({**build, "build_id": "0" * 64}))
    with pytest.raises(TinydfError, match=r"the board runs build .*, --firmware is 0000000000000000"):
        bench([board.port], tiny_data, tiny_export, tmp_path / "bench", firmware=other)


def test_a_port_that_is_in_use_is_refused(board: Posix, tiny_data: Path, tiny_export: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="is busy"):
        bench([board.port, board.port], tiny_data, tiny_export, tmp_path / "bench")


def test_a_larger_limit_takes_all_that_a_smaller_one_took(tiny_data: Path) -> None:
    dataset = Dataset(tiny_data)
    everything = choose(dataset, "test")
    assert everything == list(range(IMAGES))
    before: set[int] = set()
    for limit in range(1, IMAGES + 1):
        chosen = choose(dataset, "test", limit=limit)
        assert len(chosen) == limit
        assert chosen == sorted(set(chosen))
        assert before <= set(chosen)
        before = set(chosen)
    places = [index % 16 for index in choose(dataset, "test", limit=20)]
    assert places == places[:5] * 4


def test_what_the_split_does_not_have_is_named(tiny_data: Path) -> None:
    with pytest.raises(TinydfError, match="no train images of facebook: it has pre_social"):
        choose(Dataset(tiny_data), "train", ["facebook"])
