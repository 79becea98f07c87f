# SPDX-License-Identifier: Apache-2.0
"""`tinydf package`: every form builds as it stands, passes its ecosystem's own checks, and gives TFLM's bytes."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import esp_kconfiglib.core as kconfiglib
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from idf_component_manager.core import ManifestManager

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tinydf import published
from tinydf.artefacts.manifest import read_export
from tinydf.cli.compile import command as compile_command
from tinydf.cli.package import command
from tinydf.compiler import compile_model
from tinydf.errors import TinydfError
from tinydf.package import FORMS, Package, Publication, make, write

pytestmark = pytest.mark.slow

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
COMPILERS = {
    "cortex-m7": ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb"),
    "cortex-m55": ("arm-none-eabi-gcc", "-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"),
    "rv32imc": (
        *("riscv64-unknown-elf-gcc", "-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32"),
        *("--specs=picolibc.specs",),
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two models that share most kernels, and one whose layers run by rows."""
    directory = tmp_path_factory.mktemp("models")
    made = {}
    for name, case, seed in (("first", "network", 3), ("second", "network", 11), ("rows", "wide_cascade", 4)):
        made[name] = directory / f"{name}.tflite"
        made[name].write_bytes(CASES[case](np.random.default_rng(seed)))
    return made


def packaged(model: Path, form: str, out: Path, core: str | None = None) -> Path:
    """A package of one form, written."""
    package, files = make(model, form, core=core)
    write(package, files, out)
    return out


def objects(compiler: tuple[str, ...], sources: list[Path], directory: Path, *flags: str) -> list[Path]:
    """C files compiled one by one."""
    made = []
    for number, source in enumerate(sources):
        made.append(directory / f"{number}-{source.stem}.o")
        command = [*compiler, "-std=c11", "-Os", *STRICT, *flags, "-c", str(source), "-o", str(made[-1])]
        subprocess.run(command, check=True)
    return made


def test_two_packages_in_one_program(models: dict[str, Path], tmp_path: Path) -> None:
    """They link beside a program's own `add` and `window`, share an arena in turn, and run in threads at once."""
    places = [packaged(models[name], "c", tmp_path / name) for name in ("first", "second")]
    sources = [path for place in places for path in sorted(place.rglob("*.c")) if path.name != "example.c"]
    made = objects(("cc",), sources, tmp_path, "-fsanitize=thread", "-g")
    includes = [f"-I{place}" for place in places]
    main = objects(("cc",), [Path(__file__).with_name("two_models.c")], tmp_path, "-fsanitize=thread", *includes)
    program = tmp_path / "program"
    subprocess.run(["cc", "-fsanitize=thread", *map(str, made + main), "-pthread", "-o", str(program)], check=True)
    given, expected = [], []
    for name in ("first", "second"):
        model = models[name].read_bytes()
        one = inputs_for(np.random.default_rng(5), compile_model(model).plan.input.shape[1:])[:1]
        given.append(one.tobytes())
        expected.append(golden(model, one).tobytes())
    done = subprocess.run([program], input=b"".join(given), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    by_turns = expected[0] + expected[1] + expected[0]
    assert done.stdout == by_turns + by_turns


def test_only_the_kernels_that_are_used(models: dict[str, Path], tmp_path: Path) -> None:
    """Each file of kernels is called by the model, or by one that it calls; none is missing; all bear its name."""
    place = packaged(models["rows"], "c", tmp_path / "c")
    files = sorted((place / "rows_kernels").glob("*.c"))
    made = objects(("cc",), [place / "rows_model.c", *files], tmp_path)
    symbols = {path: _symbols(path) for path in made}
    called = {name for _, needed in symbols.values() for name in needed}
    for path, (defined, _) in symbols.items():
        assert defined & called or path == made[0], path
        assert not [name for name in defined if not name.startswith("rows_")]
    assert {name for name in called if name.startswith("rows_")} <= {
        n for defined, _ in symbols.values() for n in defined
    }
    assert any("cascade" in path.name for path in files)


def _symbols(path: Path) -> tuple[set[str], set[str]]:
    """What an object file defines, and what it needs."""
    listing = subprocess.run(["nm", "-g", str(path)], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {row[-1] for row in rows if row[-2] != "U"}, {row[-1] for row in rows if row[-2] == "U"}


@pytest.mark.parametrize("core", COMPILERS)
def test_compiles_without_a_warning(core: str, models: dict[str, Path], tmp_path: Path) -> None:
    compiler = COMPILERS[core]
    assert shutil.which(compiler[0]) is not None, f"{compiler[0]} is not installed"
    place = packaged(models["rows"], "c", tmp_path / "c", core)
    objects(compiler, sorted(place.rglob("*.c")), tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_same_c_and_an_example(form: str, models: dict[str, Path], tmp_path: Path) -> None:
    """The C but for the example is that of the form `c`, which is compiled above; the example is compiled here."""
    _, expected = make(models["rows"], "c", core="cortex-m7")
    sources = {path for path in expected if path.startswith(("rows_", "tdf_"))}
    place = packaged(models["rows"], form, tmp_path / form, "cortex-m7")
    header = next(place.rglob("rows_model.h"))
    assert {path: (header.parent / path).read_text() for path in sources} == {path: expected[path] for path in sources}
    examples = [path for path in place.rglob("*.c") if str(path.relative_to(header.parent)) not in sources]
    objects(COMPILERS["cortex-m7"], examples, tmp_path, f"-I{header.parent}")
    assert len(examples) == (form != "arduino")  # whose sketch is C++


def test_the_example_runs(models: dict[str, Path], tmp_path: Path) -> None:
    """By the very command of the README."""
    place = packaged(models["first"], "c", tmp_path / "c")
    command_line = next(line for line in (place / "README.md").read_text().splitlines() if line.startswith("cc "))
    subprocess.run(["sh", "-c", command_line], cwd=place, check=True)
    done = subprocess.run([place / "example"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("class ")


def test_arduino(models: dict[str, Path], tmp_path: Path) -> None:
    """The properties that the library specification asks for; the sketch is C++ and links with the C of the library."""
    place = packaged(models["first"], "arduino", tmp_path / "lib")
    properties = dict(line.split("=", 1) for line in (place / "library.properties").read_text().splitlines())
    assert properties.keys() == {
        *("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"),
        "includes",
    }
    assert properties["category"] == "Data Processing" and properties["architectures"] == "*"
    assert (place / "src" / properties["includes"]).is_file()
    sketch = place / "examples" / "first" / "first.ino"
    (tmp_path / "Arduino.h").write_text(
        "#include <cstdint>\n#include <cstring>\n#include <cstdio>\n"
        'struct { void begin(long) {} void println(unsigned n) { std::printf("%u\\n", n); } } Serial;\n'
        "void setup(); void loop(); inline void delay(int) {}\nint main() { setup(); loop(); }\n"
    )
    made = objects(("cc",), sorted((place / "src").rglob("*.c")), tmp_path)
    sketched = ["-x", "c++", "-include", "Arduino.h", f"-I{tmp_path}", f"-I{place / 'src'}", str(sketch), "-x", "none"]
    program = tmp_path / "program"
    subprocess.run(["c++", "-std=gnu++11", *STRICT, *sketched, *map(str, made), "-o", str(program)], check=True)
    assert subprocess.run([program], capture_output=True, check=True).stdout.strip().isdigit()


# What CMake must find of ESP-IDF and of Zephyr to read a package's CMakeLists.txt: each source must be there.
STAND_IN = """
function(sources_are_there)
    foreach(one ${ARGN})
        if(NOT EXISTS "${PLACE}/${one}")
            message(FATAL_ERROR "no ${one}")
        endif()
        message(STATUS "source ${one}")
    endforeach()
endfunction()
function(idf_component_register)
    cmake_parse_arguments(C "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
    sources_are_there(${C_SRCS} ${C_INCLUDE_DIRS})
endfunction()
function(zephyr_library_named name)
endfunction()
function(zephyr_library_sources)
    sources_are_there(${ARGN})
endfunction()
function(zephyr_library_compile_options)
endfunction()
function(zephyr_include_directories)
    sources_are_there(${ARGN})
endfunction()
function(target_compile_options)
endfunction()
set(CONFIG_FIRST_MODEL y)
include("${PLACE}/CMakeLists.txt")
"""


@pytest.mark.parametrize("form", ["esp-idf", "zephyr"])
def test_cmake_lists_every_source(form: str, models: dict[str, Path], tmp_path: Path) -> None:
    place = packaged(models["first"], form, tmp_path / form)
    (tmp_path / "stand_in.cmake").write_text(STAND_IN)
    script = ["cmake", f"-DPLACE={place}", "-P", str(tmp_path / "stand_in.cmake")]
    done = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    listed = {line.removeprefix("-- source ") for line in done.splitlines()} - {"."}
    assert listed == {str(path.relative_to(place)) for path in [place / "first_model.c", *place.glob("*_kernels/*.c")]}


def test_esp_idf_manifests(models: dict[str, Path], tmp_path: Path) -> None:
    """By the component manager's own schema."""
    place = packaged(models["first"], "esp-idf", tmp_path / "first_model")
    for directory in (place, place / "examples" / "first" / "main"):
        assert not ManifestManager(directory, directory.name).validate().validation_errors
    manifest = ManifestManager(place, "first_model").load()
    assert str(manifest.version) == "1.0.0" and manifest.license == "Apache-2.0"


def test_zephyr_module(models: dict[str, Path], tmp_path: Path) -> None:
    """Keys and places as Zephyr's zephyr_module.py checks them; Kconfig and the sample's prj.conf are read."""
    place = packaged(models["first"], "zephyr", tmp_path / "module")
    module = yaml.safe_load((place / "zephyr" / "module.yml").read_text())
    assert module.keys() == {"name", "build", "samples"} and module["build"].keys() == {"cmake", "kconfig"}
    assert (place / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert all((place / samples).is_dir() for samples in module["samples"])
    (tmp_path / "Kconfig").write_text(
        f'config PRINTK\n    bool "printk"\nsource "{place / module["build"]["kconfig"]}"\n'
    )
    settings = kconfiglib.Kconfig(str(tmp_path / "Kconfig"))
    sample = place / "samples" / "first"
    for line in (sample / "prj.conf").read_text().splitlines():
        name, value = line.removeprefix("CONFIG_").split("=")
        settings.syms[name].set_value(value)
        assert settings.syms[name].str_value == "y"
    assert yaml.safe_load((sample / "sample.yaml").read_text())["tests"].keys() == {"sample.first_model"}


def test_cmsis_pack(models: dict[str, Path], tmp_path: Path) -> None:
    """Names as the specification has them; every file that it speaks of is in the archive, and nothing of C is left."""
    place = packaged(models["first"], "cmsis-pack", tmp_path / "pack")
    description = ElementTree.parse(place / "tinydf.first_model.pdsc").getroot()  # noqa: S314  # our own file
    assert [child.tag for child in description] == [
        *("vendor", "name", "description", "url", "license", "releases", "keywords", "components"),
    ]
    vendor, name = description.findtext("vendor"), description.findtext("name")
    release = description.find("releases/release")
    assert release is not None
    with zipfile.ZipFile(place / f"{vendor}.{name}.{release.get('version')}.pack") as archive:
        assert archive.testzip() is None
        inside = set(archive.namelist())
    spoken = {one.get("name", "") for one in description.iter("file")} - {"./"}
    assert spoken <= inside and f"{vendor}.{name}.pdsc" in inside
    assert {file for file in inside if file.endswith(".c")} <= spoken


def test_same_model_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    one, other = (packaged(models["first"], "cmsis-pack", tmp_path / name) for name in ("one", "other"))
    archive = "tinydf.first_model.1.0.0.pack"
    assert (one / archive).read_bytes() == (other / archive).read_bytes()


def test_command(models: dict[str, Path], tmp_path: Path) -> None:
    """An export gives its name and its threshold; a package is replaced by a newer one."""
    export = published.model(published.DEFAULT).parent
    arguments = [str(export), "--as", "c", "--out", str(tmp_path / "c")]
    for options in (["--core", "generic"], ["--core", "cortex-m55", "--version", "1.2.3"]):
        done = CliRunner().invoke(command, [*arguments, *options, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["core"] == options[1]
    package = Package.model_validate_json((tmp_path / "c" / "tinydf.json").read_text())
    assert (package.name, package.version, package.target) == ("phinet_demo", "1.2.3", "armv8.1-m")
    steps = read_export(export).decision.threshold_steps
    assert f".threshold_steps = {steps}," in (tmp_path / "c" / "phinet_demo_model.c").read_text()
    assert "tdf_is_fake(&phinet_demo_model, arena)" in (tmp_path / "c" / "example.c").read_text()
    assert "phinet-demo, Apache-2.0" in (tmp_path / "c" / "NOTICE").read_text()


def test_compile_standalone(models: dict[str, Path], tmp_path: Path) -> None:
    done = CliRunner().invoke(compile_command, [str(models["first"]), "--standalone", "--out", str(tmp_path / "c")])
    assert done.exit_code == 0, done.output
    objects(("cc",), sorted((tmp_path / "c").rglob("*.c")), tmp_path, f"-I{tmp_path / 'c'}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "mbed"}, "there is no form 'mbed': give one of c, arduino, esp-idf, zephyr, cmsis-pack"),
        ({"core": "z80"}, "there are no kernels for the core 'z80': give one of generic, .*cortex-m4"),
        ({"name": "1st"}, "'1st' cannot be a model's name in C: give a letter"),
        ({"publication": Publication(version="1.0")}, "'1.0' is not a version: give three numbers"),
        ({"publication": Publication(author="a\nb=c")}, r"'a\\nb=c' is not an author's name"),
        ({"publication": Publication(url="x")}, "'x' is not an address: give one that begins with https://"),
    ],
)
def test_what_cannot_be_is_one_line(options: dict[str, Any], message: str, models: dict[str, Path]) -> None:
    with pytest.raises(TinydfError, match=message):
        make(models["first"], **{"form": "c", **options})


def test_names_of_files(models: dict[str, Path], tmp_path: Path) -> None:
    for given, name in (("My Net-2.tflite", "my_net_2"), ("x" * 40 + ".tflite", "x" * 32)):
        model = shutil.copy(models["first"], tmp_path / given)
        assert make(Path(model), "c")[0].name == name
    with pytest.raises(TinydfError, match="'42' makes no name in C: give one with --name"):
        make(Path(shutil.copy(models["first"], tmp_path / "42.tflite")), "c")


def test_no_model(tmp_path: Path) -> None:
    (tmp_path / "no.tflite").write_bytes(b"nothing")
    with pytest.raises(TinydfError, match=r"no\.tflite: "):
        make(tmp_path / "no.tflite", "c")
    with pytest.raises(TinydfError, match=r"manifest.json does not exist"):
        make(tmp_path, "c")


def test_what_is_no_package_is_left_alone(models: dict[str, Path], tmp_path: Path) -> None:
    made = make(models["first"], "c")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TinydfError, match="is no package of tinydf's: give another --out"):
        write(*made, tmp_path)
    with pytest.raises(TinydfError, match=r"mine.txt is a file: give another --out"):
        write(*made, tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
