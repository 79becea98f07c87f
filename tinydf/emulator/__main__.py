# SPDX-License-Identifier: Apache-2.0
"""`python -m tinydf.emulator NAME BOARD`: what `emulator.start` runs in the background."""

import logging
import sys

from tinydf.emulator.serve import serve
from tinydf.errors import TinydfError


def main() -> int:
    """Serve one emulated board; 0 if it was told to stop."""
    logging.basicConfig(format="warning: %(message)s")
    try:
        state = serve(sys.argv[1], sys.argv[2])
    except TinydfError as error:
        print(error, file=sys.stderr)
        return 1
    if state.last_words:
        print(state.last_words, file=sys.stderr)
    return 1 if state.last_words else 0


if __name__ == "__main__":
    sys.exit(main())
