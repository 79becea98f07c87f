"""tinydf: deepfake detectors on microcontrollers, from photographs to a verdict measured on the board."""

__version__ = "0.2.0"
