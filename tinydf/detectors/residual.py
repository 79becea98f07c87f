"""A fixed high-pass first layer: what is left of a picture when its content is taken away."""

import torch
from torch import Tensor, nn

# One period of the four-point Walsh functions, by number of sign changes (sequency) 0 to 3.
WALSH = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, -1, 1), (1, -1, 1, -1))
LUMINANCE = (1, 1, 1)
COLOUR_DIFFERENCES = ((1, -1, 0), (0, 1, -1))


class ResidualBank(nn.Sequential):  # type: ignore[misc]
    """Walsh-Hadamard coefficients of each 4x4 patch, at stride 2, clipped on both sides.

    Generators betray themselves in the finest scales, where their residuals are some grey levels high and edges are a
    hundred. As in the truncated residuals of steganalysis (Fridrich and Kodovsky 2012), fixed filters that sum to zero
    take the content away, and a normalisation with ReLU6 around 3 keeps what is small and clips what is large.

    The filters hold only -1, 0 and 1, so that, scaled by the normalisation folded into them, int8 per-channel weights
    represent them exactly: they still sum to zero on the device, and no brightness leaks through.

    Input: float [batch, 3, height, width], RGB in [0, 1]. Output: float [batch, channels, height / 2, width / 2] in
    [0, 6].
    """

    def __init__(self, gain: float) -> None:
        """Make the layer.

        Args:
            gain: the normalisation's first slope: residuals beyond `3 / gain` standard deviations are clipped.
        """
        filters = _filters()
        self.channels = len(filters)
        convolution = nn.Conv2d(3, self.channels, 4, stride=2, padding=1, bias=False)
        convolution.weight = nn.Parameter(filters, requires_grad=False)
        normalisation = nn.BatchNorm2d(self.channels)
        nn.init.constant_(normalisation.weight, gain)
        nn.init.constant_(normalisation.bias, 3.0)
        super().__init__(convolution, normalisation, nn.ReLU6())


def _filters() -> Tensor:
    """The bank, float [channels, 3, 4, 4]: luminance at every sequency but the mean's, colour at the highest."""
    walsh = torch.tensor(WALSH, dtype=torch.float32)
    patches = {(row, column): torch.outer(walsh[row], walsh[column]) for row in range(4) for column in range(4)}
    luminance = [_coloured(LUMINANCE, patch) for (row, column), patch in patches.items() if row or column]
    colour = [_coloured(difference, patches[3, 3]) for difference in COLOUR_DIFFERENCES]
    return torch.stack(luminance + colour)


def _coloured(weights: tuple[int, ...], patch: Tensor) -> Tensor:
    return torch.tensor(weights, dtype=torch.float32)[:, None, None] * patch
