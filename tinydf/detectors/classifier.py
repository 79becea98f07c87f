"""The last layer of a detector, which every detector calls `classifier`: what is before it are its features."""

from torch import nn

from tinydf.errors import TinydfError

CLASSIFIER = "classifier"


def take_classifier(detector: nn.Module) -> int:
    """Take the last layer off, so that the detector gives features, float [batch, features]; says how many.

    Raises:
        TinydfError: if there is none; it is a linear layer, or a 1x1 convolution of what has been pooled.
    """
    match getattr(detector, CLASSIFIER, None):
        case nn.Conv2d(in_channels=features) | nn.Linear(in_features=features):
            setattr(detector, CLASSIFIER, nn.Identity())
            return int(features)
    raise TinydfError(f"{type(detector).__name__} has no last layer called {CLASSIFIER}", "it cannot be pre-trained")


def freeze_features(detector: nn.Module) -> None:
    """Let the last layer alone learn."""
    for name, parameter in detector.named_parameters():
        parameter.requires_grad_(name.startswith(f"{CLASSIFIER}."))
