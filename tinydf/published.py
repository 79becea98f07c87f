# SPDX-License-Identifier: Apache-2.0
"""The detectors that come with tinydf: folders of `models/` with a model.tflite and its manifest.json."""

from pathlib import Path

from tinydf.artefacts.manifest import FILE, MODEL, Manifest
from tinydf.files import read_record
from tinydf.resources import MODELS

DEFAULT = "phinet-demo"
"""What serves where nothing has been trained yet."""


def names() -> list[str]:
    """The published detectors, by name."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{MODEL}"))


def model(name: str) -> Path:
    """The model.tflite of a published detector."""
    return MODELS / name / MODEL


def manifest(name: str) -> Manifest:
    """The manifest.json of a published detector."""
    return read_record(Manifest, MODELS / name / FILE, "tinydf export --int8 RUN")


def find(tflite_sha256: str) -> str | None:
    """Name of the published detector that is this .tflite, by its SHA-256; None if it is none of them."""
    return next((name for name in names() if manifest(name).chain.tflite == tflite_sha256), None)
