"""tinydf: deepfake detectors on microcontrollers, from photographs to a verdict measured on the board."""

__version__ = "0.1.0"
