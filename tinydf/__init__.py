# SPDX-License-Identifier: Apache-2.0
"""tinydf: deepfake detectors on microcontrollers, from photographs to a verdict measured on the board.

The names of the Python API are here, and imported when first used: see `tinydf.api`.
"""

import logging
from typing import TYPE_CHECKING

__version__ = "0.2.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # what tinydf logs is the program's to show

if TYPE_CHECKING:
    from tinydf.api import ConnectedBoard, Firmware, Inference, Model, build, compile, connect, emulate
    from tinydf.errors import TinydfError

__all__ = [
    "ConnectedBoard",
    "Firmware",
    "Inference",
    "Model",
    "TinydfError",
    "__version__",
    "build",
    "compile",
    "connect",
    "emulate",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tinydf' has no attribute {name!r}")
    from tinydf import api

    value: object = getattr(api, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
