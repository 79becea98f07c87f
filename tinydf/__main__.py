# SPDX-License-Identifier: Apache-2.0
"""`python -m tinydf` is `tinydf`; so `torchrun -m tinydf train` finds it."""

from tinydf.cli.main import run

run()
