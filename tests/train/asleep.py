# SPDX-License-Identifier: Apache-2.0
"""A program that never ends by itself: four long jobs, two at a time. `test_trainings.py` presses Ctrl-C."""

import time

from benchmarks.trainings import side_by_side
from tinydf.cli.main import errors_as_lines

if __name__ == "__main__":
    with errors_as_lines():
        list(side_by_side(time.sleep, range(600, 604), 2))
