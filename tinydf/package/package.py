# SPDX-License-Identifier: Apache-2.0
"""Makes a package: the C of one model in the form that an ecosystem wants, an example, and a licence."""

import io
import re
import zipfile
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ConfigDict

from tinydf import published
from tinydf.artefacts.manifest import MODEL, read_export
from tinydf.compiler import Compiled, compile_model, target_of
from tinydf.compiler.compile import check_name
from tinydf.errors import TinydfError, about
from tinydf.files import atomic_directory, read_record
from tinydf.package import arduino, c, cmsis_pack, esp_idf, zephyr
from tinydf.package.model import PackagedModel, Publication, describe
from tinydf.package.sources import sources
from tinydf.resources import LICENSE

FORMS: dict[str, ModuleType] = {
    "c": c,
    "arduino": arduino,
    "esp-idf": esp_idf,
    "zephyr": zephyr,
    "cmsis-pack": cmsis_pack,
}
FILE = "tinydf.json"
_URL = re.compile(r"https?://[!-~]+")
_VERSION = re.compile(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}")


class Package(BaseModel):
    """What a package says of itself, in `tinydf.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    name: str
    form: str
    version: str
    core: str
    target: str
    tflite_sha256: str
    arena_bytes: int
    weight_bytes: int
    files: tuple[str, ...]


def make(
    source: Path,
    form: str,
    name: str | None = None,
    core: str | None = None,
    publication: Publication | None = None,
) -> tuple[Package, dict[str, str]]:
    """A package in memory: what it says of itself, and its files, path -> text.

    Args:
        source: an export directory, or any int8 .tflite.
        form: one of `FORMS`.
        name: of the model in C; by default made of the export's, or the file's.
        core: whose kernels to take, one of `tinydf.compiler.CORES`; by default what suits all machines of the form.
        publication: what its publisher says.

    Raises:
        TinydfError: if a name, the core or the publication is not possible, or the model cannot be compiled.
    """
    if form not in FORMS:
        raise TinydfError(f"there is no form {form!r}", f"give one of {', '.join(FORMS)}")
    core = core or FORMS[form].CORE
    target = target_of(core)
    publication = publication or Publication()
    _check(publication)
    manifest = read_export(source) if source.is_dir() else None
    tflite = (source / MODEL if manifest else source).read_bytes()
    chosen = name or identifier(manifest.name if manifest else source.stem)
    check_name(chosen)
    steps = manifest.decision.threshold_steps if manifest else 0
    with about(source):
        compiled = compile_model(tflite, steps, target.name, name=chosen)
    return assemble(compiled, form, core, describe(compiled, manifest, publication))


def assemble(compiled: Compiled, form: str, core: str, model: PackagedModel) -> tuple[Package, dict[str, str]]:
    """The package of a model that is compiled with a name, and described; as `make`."""
    files = dict(FORMS[form].files(model, sources(compiled)))
    files["LICENSE"] = LICENSE.read_text(encoding="utf-8")
    files["NOTICE"] = _notice(model)
    package = Package(
        name=compiled.name,
        form=form,
        version=model.publication.version,
        core=core,
        target=compiled.plan.target,
        tflite_sha256=compiled.plan.model_sha256,
        arena_bytes=compiled.arena_bytes,
        weight_bytes=compiled.plan.weight_bytes,
        files=tuple(sorted(files)),
    )
    files[FILE] = package.model_dump_json(indent=2) + "\n"
    return package, files


def _check(publication: Publication) -> None:
    if not _VERSION.fullmatch(publication.version):
        raise TinydfError(f"{publication.version!r} is not a version", "give three numbers, as in 1.0.0")
    if not publication.author.strip() or not publication.author.isprintable():
        raise TinydfError(f"{publication.author!r} is not an author's name", "give --author in one line")
    if not _URL.fullmatch(publication.url):
        raise TinydfError(f"{publication.url!r} is not an address", "give one that begins with https://")


def identifier(name: str) -> str:
    """A name in C made of another: phinet_demo of phinet-demo."""
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()[:32]
    if not made or not made[0].isalpha():
        raise TinydfError(f"{name!r} makes no name in C", "give one with --name: kws")
    return made


def _notice(model: PackagedModel) -> str:
    known = published.find(model.tflite_sha256)
    weights = f"tinydf's published detector {known}, Apache-2.0" if known else "under the licence of the model's owner"
    return f"""\
Made by `tinydf package`.

{model.stem}.h and {model.stem}.c hold the model {model.tflite_sha256} (SHA-256 of its .tflite): {weights}.
tdf_model.h and {model.name}_kernels are part of tinydf, Apache-2.0 (LICENSE); functions bear the model's name.
"""


def write(package: Package, files: dict[str, str], directory: Path) -> list[Path]:
    """Write a package, in place of an older one; a CMSIS pack is also zipped, beside its files.

    Returns:
        The archive, if the form has one.

    Raises:
        TinydfError: if the directory has something else in it.
    """
    _check_directory(directory)
    archives = []
    with atomic_directory(directory) as aside:
        for path, text in files.items():
            place = aside / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        if package.form == "cmsis-pack":
            name = cmsis_pack.archive(package.name, package.version)
            (aside / name).write_bytes(_zipped(files))
            archives.append(directory / name)
    return archives


def _check_directory(directory: Path) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise TinydfError(f"{directory} is a file", "give another --out")
    if any(directory.iterdir()):
        if not (directory / FILE).is_file():
            raise TinydfError(f"{directory} is no package of tinydf's", "give another --out, or empty it yourself")
        read_record(Package, directory / FILE, "tinydf package")


def _zipped(files: dict[str, str]) -> bytes:
    """An archive whose bytes depend on the files alone."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            if path != FILE:
                archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return made.getvalue()
