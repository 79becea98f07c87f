# SPDX-License-Identifier: Apache-2.0
"""The table of figures a picture, for every command that judges a data set."""

from collections.abc import Mapping

from rich.table import Table

from tinydf.metrics.pictures import PictureFigures

COLUMNS = {
    "balanced_accuracy": "balanced",
    "auc": "AUC",
    "average_precision": "AP",
    "tpr_at_1_fpr": "at 1 %",
    "tpr_at_5_fpr": "at 5 %",
    "tnr": "TNR",
}


def picture_table(pictures: Mapping[str, PictureFigures]) -> Table:
    """Each generator against all reals, and each collection of reals, by platform; narrow enough for 80 columns."""
    title = "A picture, by all its crops together; TPR at 1 % and 5 % of false positives"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("made by", "", "platform"):
        table.add_column(heading, no_wrap=True)
    for heading in ("pictures", *COLUMNS.values()):
        table.add_column(heading, justify="right")
    for name, one in sorted(pictures.items(), key=lambda item: (item[1].label, item[0])):
        kind = "real" if not one.label else "seen" if one.seen else "unseen"
        for platform, figures in one.figures.items():
            cells = (f"{figures[figure].value:.3f}" if figure in figures else "-" for figure in COLUMNS)
            table.add_row(name, kind, platform, str(one.pictures), *cells)
    return table
