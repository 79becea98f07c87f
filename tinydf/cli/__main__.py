"""`python -m tinydf.cli` is `tinydf`."""

from tinydf.cli.main import run

run()
