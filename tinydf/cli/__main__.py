# SPDX-License-Identifier: Apache-2.0
"""`python -m tinydf.cli` is `tinydf`."""

from tinydf.cli.main import run

run()
