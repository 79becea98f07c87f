# SPDX-License-Identifier: Apache-2.0
"""The tables that `tinydf export` prints: parity, and the layers that lose most."""

from collections.abc import Sequence

from rich.table import Table

from tinydf.artefacts.parity import LayerNoise, Parity, StageParity
from tinydf.export.layers import worst


def parity_table(parity: Parity) -> Table:
    """Each stage against the first (largest error of a logit, RMSE of the score), and its balanced accuracies."""
    return _stages(f"{parity.images} images; balanced accuracy on the test split, seen generators", parity.stages)


def calibrations_table(parity: Parity) -> Table:
    """Each way to take int8 ranges against the float model, on the validation split; the one taken is marked."""
    tried = [
        one.model_copy(update={"stage": f"{one.stage} *"}) if method == parity.calibration else one
        for method, one in parity.calibrations.items()
    ]
    return _stages("int8 ranges on the validation split; * has the least RMSE and is taken", tried)


def _stages(title: str, stages: Sequence[StageParity]) -> Table:
    platforms = list(stages[0].balanced_accuracy)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("stage", "error", "RMSE", "agreement", *platforms):
        table.add_column(heading, justify="left" if heading == "stage" else "right", no_wrap=True)
    for one in stages:
        accuracies = [one.balanced_accuracy[platform] for platform in platforms]
        table.add_row(
            one.stage,
            f"{one.largest_error:.1e}",
            f"{one.rmse:.1e}",
            f"{one.agreement:.3f}",
            *("-" if value is None else f"{value:.3f}" for value in accuracies),
        )
    return table


def layers_table(layers: list[LayerNoise]) -> Table:
    """The layers that lose most to int8: signal-to-noise ratio of the output, and how far it is below the input's.

    Of a name that the converter joined from all that it fused into the layer, the first is shown.
    """
    table = Table(title="layers that lose most to int8", title_justify="left", box=None, pad_edge=False)
    for heading in ("operator", "kind", "dB", "lost", "tensor"):
        words = heading in ("kind", "tensor")
        table.add_column(heading, justify="left" if words else "right", no_wrap=heading != "tensor")
    for one in worst(layers):
        table.add_row(str(one.index), one.operator, f"{one.snr_db:.1f}", f"{one.loss_db:.1f}", one.name.split(";")[0])
    return table
