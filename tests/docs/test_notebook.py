# SPDX-License-Identifier: Apache-2.0
"""The notebook of the documentation runs, and prints what it shows; figures may be those of another compiler."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "tutorial" / "python.ipynb"


def printed(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell of code printed or gave, figures as 0; progress notes are left out."""
    return [
        [
            re.sub(r"[\d,]+", "0", output["text"] if "text" in output else output["data"]["text/plain"])
            for output in cell["outputs"]
            if output["output_type"] in ("stream", "execute_result") and output.get("name") != "stderr"
        ]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


@pytest.mark.slow
@pytest.mark.emulator
def test_the_notebook_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    shown = nbformat.read(NOTEBOOK, as_version=4)
    run = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(run, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert printed(run) == printed(shown)
    assert "emulated instructions" in str(printed(shown))
