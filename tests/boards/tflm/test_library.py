# SPDX-License-Identifier: Apache-2.0
"""Whose a library is: its core, float ABI, kernels and build, read from its members; and which one a board takes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.boards.export import write_export
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.boards.tflm.library import HEADER, Library, Tree, choose, find_tree, read_library
from tinydf.boards.tflm.setup import Setup, cmake
from tinydf.errors import TinydfError

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-g++") is None, reason="no arm-none-eabi-g++")

M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=auto")
M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=auto")
M33 = ("-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard", "-mfpu=auto")
M55 = ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard")
SOURCE = """
extern "C" void __assert_func(const char *, int, const char *, const char *);
extern "C" int arm_convolve_s8(void) { return 1; }
struct MicroInterpreter { int run(int x); };
int MicroInterpreter::run(int x) {
#ifndef NDEBUG
    if (x == 0) __assert_func("a.cc", 1, "run", "x");
#endif
    return x;
}
#ifndef NDEBUG
void MicroPrintf(const char *) {}
#endif
"""


def archive(path: Path, *flags: str, prefix: str = "arm-none-eabi-") -> Path:
    """A library that has what tells one of TFLM's from another, compiled with some flags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source, member = path.parent / "source.cc", path.parent / "a_member_with_a_name_of_more_than_15_characters.o"
    source.write_text(SOURCE)
    subprocess.run([f"{prefix}g++", *flags, "-c", str(source), "-o", str(member)], check=True)
    path.unlink(missing_ok=True)
    subprocess.run([f"{prefix}ar", "rcs", str(path), str(member)], check=True)
    return path


def tree(root: Path, **libraries: tuple[str, ...]) -> Tree:
    """A tflite-micro tree with a library for each name under gen/."""
    (root / HEADER).parent.mkdir(parents=True)
    (root / HEADER).write_text("")
    for name, flags in libraries.items():
        archive(root / "gen" / name / "lib" / "libtensorflow-microlite.a", *flags)
    return Tree(root)


@pytest.mark.parametrize(
    ("flags", "core"), [(M4, "cortex-m4"), (M7, "cortex-m7"), (M33, "cortex-m33"), (M55, "cortex-m55")]
)
def test_the_core_is_read_from_the_members(tmp_path: Path, flags: tuple[str, ...], core: str) -> None:
    library = read_library(archive(tmp_path / "lib.a", *flags))
    assert (library.core, library.hard_float, library.kernels) == (core, True, "cmsis_nn")
    assert library.asserts and library.messages
    assert str(library) == f"{core}, cmsis_nn, asserts"


def test_a_release_has_neither_assertions_nor_messages(tmp_path: Path) -> None:
    library = read_library(archive(tmp_path / "lib.a", *M7, "-DNDEBUG"))
    assert not library.asserts and not library.messages
    assert str(library) == "cortex-m7, cmsis_nn, release"
    definitions = cmake(Setup(Tree(tmp_path), library, 1, "given"))["TFLM_DEFINITIONS"]
    assert "TF_LITE_STRIP_ERROR_STRINGS" in definitions, "headers print where the library does not"


def test_a_library_of_this_computer(tmp_path: Path) -> None:
    library = read_library(archive(tmp_path / "lib.a", prefix=""))
    assert "cortex" not in library.core


def test_the_one_for_the_boards_core_is_taken(tmp_path: Path) -> None:
    found = tree(tmp_path / "tflm", m4=M4, m7=M7, m55=M55)
    chosen = {name: choose(boards.load(name), found) for name in ("mps2-an386", "nucleo-h743", "mps3-an547")}
    assert [one.path.parent.parent.name for one in chosen.values()] == ["m4", "m7", "m55"]


def refused(board: str, found: Tree, given: Path | None = None) -> str:
    with pytest.raises(TinydfError) as caught:
        choose(boards.load(board), found, given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path) -> None:
    found = tree(tmp_path / "tflm", m7=M7)
    (m7,) = found.libraries
    assert "is for cortex-m7, and mps3-an547 has a cortex-m55" in refused("mps3-an547", found)
    assert "TARGET_ARCH=cortex-m55" in refused("mps3-an547", found)
    assert "is for cortex-m7, and mps2-an386 has a cortex-m4" in refused("mps2-an386", found, m7)
    soft = archive(tmp_path / "soft.a", *M7[:2], "-mfloat-abi=softfp", "-mfpu=fpv5-d16")
    assert "passes floats in other registers" in refused("nucleo-h743", found, soft)
    assert "no library has been built in" in refused("nucleo-h743", tree(tmp_path / "empty"))
    two = tree(tmp_path / "two", a=M7, b=(*M7, "-DNDEBUG"))
    assert "2 libraries for cortex-m7" in refused("nucleo-h743", two) and "--tflm-library" in refused(
        "nucleo-h743", two
    )
    assert choose(boards.load("nucleo-h743"), two, two.libraries[1]).asserts is False
    assert "No such file" in refused("nucleo-h743", found, tmp_path / "gone.a")
    (tmp_path / "text.a").write_text("text")
    assert "is no static library" in refused("nucleo-h743", found, tmp_path / "text.a")
    (tmp_path / "cut.a").write_bytes(m7.read_bytes()[:300])
    refused("nucleo-h743", found, tmp_path / "cut.a")


def test_a_generated_tree_has_its_headers_and_library_elsewhere(tmp_path: Path) -> None:
    found = tree(tmp_path / "tree")
    (tmp_path / "tree" / "third_party" / "flatbuffers" / "include").mkdir(parents=True)
    archive(tmp_path / "tree" / "libtflm.a", *M7)
    assert choose(boards.load("nucleo-h743"), found).path.name == "libtflm.a"
    assert found.includes[1] == tmp_path / "tree" / "third_party" / "flatbuffers" / "include"


def test_esp32_is_refused_in_words_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFLM_ROOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TinydfError, match="esp32-c3-devkitm-1: the engine tflm is for Arm boards"):
        build("esp32-c3-devkitm-1", write_export(tmp_path / "export"), tmp_path / "out", "tflm")


def test_tflm_root_that_names_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path))
    with pytest.raises(TinydfError, match="TFLM_ROOT is no tflite-micro tree"):
        find_tree()
    monkeypatch.delenv("TFLM_ROOT")
    with pytest.raises(TinydfError, match="set TFLM_ROOT"):
        find_tree()


def test_hello_has_room_for_every_name() -> None:
    longest = Library(Path("x"), "", "Arm architecture 8-M.BASE and more", True, "reference", False, True)
    assert len(str(longest)) < 64
