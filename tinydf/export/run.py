# SPDX-License-Identifier: Apache-2.0
"""The export from end to end: a run, an .onnx or a .tflite into an export directory."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf import progress, published
from tinydf.artefacts.manifest import FILE, MODEL, Decision, Manifest, Provenance, TensorSpec, read_export
from tinydf.artefacts.parity import FILE as PARITY
from tinydf.artefacts.parity import Calibration, Parity, StageParity
from tinydf.artefacts.preprocess import Preprocess, quantise
from tinydf.compiler import compile_model, write_compiled
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.export.bias import correct_biases
from tinydf.export.calibration import calibration_crops
from tinydf.export.layers import layer_noise, noisiest
from tinydf.export.parity import Logits, ParityImages, check_parity, compare, parity_images
from tinydf.export.ranges import METHODS, Range
from tinydf.export.tflite import Int8Model, convert, read_tflite, run_float
from tinydf.export.tflm import measure_arena
from tinydf.export.tflm_sources import write_sources
from tinydf.files import atomic_directory, sha256_bytes, write_json

logger = logging.getLogger(__name__)

KINDS = f"give a run directory of `tinydf train`, an .onnx, a .tflite, or one of {', '.join(published.names())}"
ONNX, FLOAT = "model.onnx", "model_float.tflite"


@dataclass(frozen=True)
class Origin:
    """What is exported: a trained run, or an .onnx that the user brings.

    Attributes:
        name: the model's name.
        preprocess: how its input is made.
        threshold: a score above it is a fake.
        temperature: divides the score for a calibrated log-odds.
        weights_sha256: of the run's weights.
        reference: the stage that the others are compared with, "torch" or "onnx".
        logits: that stage: float32 [images, size, size, 3] -> float32 [images, 2].
        onnx: gives the model as ONNX.
        ranges: gives the int8 ranges that were learned, by names of the float .tflite, which it takes with some inputs,
            float32 [images, size, size, 3]; None if none were.
        generators: whose fakes it learned from, if that was recorded.
    """

    name: str
    preprocess: Preprocess
    threshold: float
    temperature: float
    weights_sha256: str | None
    reference: str
    logits: Callable[[NDArray[np.float32]], Logits]
    onnx: Callable[[], bytes]
    ranges: Callable[[bytes, NDArray[np.float32]], dict[str, Range]] | None = None
    generators: tuple[str, ...] | None = None


def export_run(source: Path, data: Path | None, out: Path, calibration: Sequence[Calibration] = ()) -> Manifest:
    """Export a detector; an older export in `out` is replaced only by a complete new one.

    Args:
        source: a run directory, an .onnx, or an int8 .tflite, which is checked and packaged as it is; a model.tflite
            with its manifest.json beside it, such as a published one, keeps its preprocessing and decision.
        data: the data set: calibration by its training split, parity by its test split. A .tflite needs none.
        out: the export directory.
        calibration: how int8 ranges are taken: as they were learned, or by minima and maxima where nothing is said and
            nothing was learned. Of several ways, the one is taken whose scores on the validation split are the nearest
            to the reference's.

    Returns:
        The manifest that was written.

    Raises:
        TinydfError: if something is missing or damaged, the conversion fails, or a stage is outside its limits.
    """
    if not source.exists():
        raise TinydfError(f"{source} does not exist", KINDS)
    if source.is_file() and source.suffix not in (".onnx", ".tflite"):
        raise TinydfError(f"{source} is neither a run nor a model", KINDS)
    if out.exists() and not (out.is_dir() and ((out / FILE).is_file() or not any(out.iterdir()))):
        raise TinydfError(f"{out} exists and is not an export directory", "give another --out")
    if source.suffix == ".tflite" and source.is_file():
        with atomic_directory(out) as aside:
            return _from_tflite(aside, source)
    if data is None:
        raise TinydfError(f"{source} needs images to take the int8 ranges from", "give a data set with --data")
    dataset = Dataset(data)
    origin = _from_run(source, dataset) if source.is_dir() else _from_onnx(source)
    with atomic_directory(out) as aside:
        return _convert(aside, origin, dataset, calibration)


def threshold_steps(threshold: float, scale: float) -> int:
    """The integer for which `steps > threshold_steps` is exactly `steps * scale > threshold`.

    Both are taken as the exact numbers that the floats are; steps are differences of two int8 values.
    """
    return max(-256, min(256, math.floor(Fraction(threshold) / Fraction(scale))))


def _from_run(run: Path, data: Dataset) -> Origin:
    from tinydf.export.learned import learned_ranges
    from tinydf.export.onnx import run_torch, to_onnx
    from tinydf.train.run import load_ranges, load_run

    model, recipe, metrics = load_run(run)
    ranges = load_ranges(run, metrics)
    if metrics.dataset_sha256 != data.sha256:
        raise TinydfError(f"{run} was not trained on {data.directory}", "give the data set that it was trained on")
    return Origin(
        name=recipe.name,
        preprocess=recipe.preprocess,
        threshold=metrics.threshold,
        temperature=metrics.temperature,
        weights_sha256=metrics.weights_sha256,
        reference="torch",
        logits=lambda images: run_torch(model, images),
        onnx=lambda: to_onnx(model, recipe.preprocess.size),
        ranges=(lambda tflite, images: learned_ranges(model, ranges, tflite, images)) if ranges else None,
        generators=metrics.generators,
    )


def _from_onnx(path: Path) -> Origin:
    from tinydf.export.onnx import read_onnx, run_onnx

    model, size = read_onnx(path)
    return Origin(
        name=path.stem,
        preprocess=Preprocess(size=size),
        threshold=0.0,
        temperature=1.0,
        weights_sha256=None,
        reference="onnx",
        logits=lambda images: run_onnx(model, images),
        onnx=lambda: model,
    )


def _convert(directory: Path, origin: Origin, data: Dataset, methods: Sequence[Calibration]) -> Manifest:
    """All stages of a run or an .onnx, each held against its limits before the next begins."""
    from tinydf.export.onnx import run_onnx

    images = parity_images(data, origin.preprocess)
    floats = images.floats(origin.preprocess)
    gate = Gate(images, origin.threshold)
    with _stage(f"{origin.reference}: {len(images.labels)} images as the reference"):
        gate.reference(origin.reference, origin.logits(floats))
    onnx = origin.onnx()
    if origin.reference != "onnx":
        with _stage("ONNX, run by onnxruntime"):
            gate.hold("onnx", run_onnx(onnx, floats))
    (directory / ONNX).write_bytes(onnx)

    crops = calibration_crops(data, origin.preprocess)
    calibration = origin.preprocess.to_float(crops)
    with _stage("conversion"):
        float_tflite, models = _int8_models(onnx, origin, calibration, methods)
    with _stage("float TFLite, run by LiteRT"):
        gate.hold("float_tflite", run_float(float_tflite, floats))
    (directory / FLOAT).write_bytes(float_tflite)
    with _stage("int8 TFLite, biases corrected"):
        # What has learned with rounded weights has made up for them itself.
        models = {
            method: one if method == "learned" else correct_biases(float_tflite, one, calibration)
            for method, one in models.items()
        }
    tried = _try(models, origin, data) if len(models) > 1 else {}
    method = min(models, key=lambda one: tried[one].rmse if tried else 0.0)
    tflite = models[method]
    model = Int8Model(tflite, MODEL, per_channel=True)
    _check_input(model.input, origin.preprocess)
    with _stage("int8 TFLite, layer by layer"):
        layers = layer_noise(float_tflite, tflite, calibration)
    with _stage("int8 TFLite, run by tflite-micro"):
        logits = _int8_logits(tflite, floats)
        gate.hold("int8_tflite", logits, f"most is lost at {noisiest(layers)}")
    parity = Parity(
        images=len(images.labels),
        threshold=origin.threshold,
        stages=gate.stages,
        layers=layers,
        calibration=method,
        calibrations=tried,
    )
    write_json(directory / PARITY, parity)
    chain = Provenance(
        dataset=data.sha256,
        calibration=sha256_bytes(crops.tobytes()),
        weights=origin.weights_sha256,
        onnx=sha256_bytes(onnx),
        tflite=sha256_bytes(tflite),
    )
    decision = Decision(threshold=origin.threshold, temperature=origin.temperature)
    return _package(directory, tflite, model, origin.name, origin.preprocess, decision, chain, origin.generators)


def _int8_models(
    onnx: bytes, origin: Origin, calibration: NDArray[np.float32], methods: Sequence[Calibration]
) -> tuple[bytes, dict[Calibration, bytes]]:
    """The float .tflite, and an int8 one for each way to take ranges."""
    if "learned" in methods and origin.ranges is None:
        raise TinydfError(f"{origin.name} has learned no ranges", "train it with --qat, or take another --calibration")
    taken = [method for method in METHODS if method in methods]
    learned = origin.ranges if "learned" in methods or not methods else None
    if learned is None:
        return convert(onnx, calibration, taken or ["minmax"])
    float_tflite, _ = convert(onnx, calibration, [])
    return convert(onnx, calibration, taken, learned(float_tflite, calibration))


def _try(models: dict[Calibration, bytes], origin: Origin, data: Dataset) -> dict[Calibration, StageParity]:
    """Each int8 model on the validation split, against the reference."""
    images = parity_images(data, origin.preprocess, "validation")
    floats = images.floats(origin.preprocess)
    reference = origin.logits(floats)
    tried: dict[Calibration, StageParity] = {}
    for method, tflite in models.items():
        with _stage(f"calibration {method}, {len(images.labels)} validation images by tflite-micro"):
            logits = _int8_logits(tflite, floats)
            tried[method] = compare(method, images, logits, reference, origin.threshold)
    return tried


def _int8_logits(tflite: bytes, floats: NDArray[np.float32]) -> Logits:
    """What tflite-micro gives for float inputs, float32 [crops, size, size, 3] -> float64 [crops, 2]."""
    model = Int8Model(tflite, MODEL)
    outputs = Interpreter(tflite).run(quantise(floats, model.input.scale, model.input.zero_point))
    # int8 times float32 is exact in float64: a verdict by these is the device's integer comparison.
    logits: Logits = (outputs.astype(np.float64) - model.output.zero_point) * model.output.scale
    return logits


def _from_tflite(directory: Path, path: Path) -> Manifest:
    """A finished model: checked, then packaged as it is. One that has its manifest beside it keeps what that says."""
    tflite = read_tflite(path)
    model = Int8Model(tflite, path.name)
    if path.name == MODEL and (path.parent / FILE).is_file():
        known = read_export(path.parent)
        chain, generators = known.chain, known.generators
        return _package(directory, tflite, model, known.name, known.preprocess, known.decision, chain, generators)
    preprocess = Preprocess(size=model.input.shape[1])
    chain = Provenance(tflite=sha256_bytes(tflite))
    return _package(directory, tflite, model, path.stem, preprocess, Decision(), chain)


def _package(
    directory: Path,
    tflite: bytes,
    model: Int8Model,
    name: str,
    preprocess: Preprocess,
    decision: Decision,
    chain: Provenance,
    generators: tuple[str, ...] | None = None,
) -> Manifest:
    """Write the model, its C sources for both engines, and the manifest."""
    steps = threshold_steps(decision.threshold, model.output.scale)
    manifest = Manifest(
        name=name,
        input=model.input,
        output=model.output,
        preprocess=preprocess,
        decision=decision.model_copy(update={"threshold": steps * model.output.scale, "threshold_steps": steps}),
        chain=chain,
        generators=generators,
        tflm_arena_bytes=_tflm_arena(tflite, name),
    )
    (directory / MODEL).write_bytes(tflite)
    write_sources(directory, tflite, manifest)
    with _stage("compiled to C"):
        write_compiled(compile_model(tflite, steps), directory)
    write_json(directory / FILE, manifest)
    return manifest


def _tflm_arena(tflite: bytes, name: str) -> int | None:
    """What TFLM needs of a model: as published, or as its interpreter says, where there is one."""
    known = published.find(sha256_bytes(tflite))
    return published.manifest(known).tflm_arena_bytes if known else measure_arena(tflite, name)


class Gate:
    """Compares each stage with the reference, and stops the export at the first that is outside its limits."""

    def __init__(self, images: ParityImages, threshold: float) -> None:
        self.stages: list[StageParity] = []
        self._images = images
        self._threshold = threshold

    def reference(self, stage: str, logits: Logits) -> None:
        """Take a stage's logits, float [crops, 2], as what the others are compared with."""
        self._logits = logits
        self.stages.append(compare(stage, self._images, logits, logits, self._threshold))

    def hold(self, stage: str, logits: Logits, hint: str = "") -> None:
        """Compare a stage's logits with the reference's; `hint` says where to look if they differ too much.

        Raises:
            TinydfError: if it is outside its limits.
        """
        self.stages.append(compare(stage, self._images, logits, self._logits, self._threshold))
        check_parity(self.stages[-1], self.stages[0], hint)


def _check_input(tensor: TensorSpec, preprocess: Preprocess) -> None:
    """The device's input is `pixel - 128`, unless the recipe normalises outside the network."""
    plain = preprocess.mean == (0.0, 0.0, 0.0) and preprocess.std == (1.0, 1.0, 1.0)
    if plain and (tensor.scale, tensor.zero_point) != (float(np.float32(1 / 255)), -128):
        raise TinydfError(
            f"stage int8_tflite: the input's scale is {tensor.scale!r}, its zero point "
            f"{tensor.zero_point}, not 1/255 and -128"
        )


@contextmanager
def _stage(what: str) -> Iterator[None]:
    """Show what is being done, then say how long it took."""
    started = time.monotonic()
    with progress.spinner(what):
        yield
    logger.info("%s (%.1f s)", what, time.monotonic() - started)
