# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: a detector that computes as its int8 self will (Jacob et al. 2018, arXiv 1712.05877).

Weights are rounded to int8 with one scale for each output channel; what batch normalisation multiplies a channel by
changes its scale alone, so that it need not be folded first. Activations are rounded to int8 with one range for each
tensor that a .tflite has: what goes into any operator but those that TFLite fuses into the one before (normalisation
and ReLU). Ranges follow the minima and maxima of training batches. Gradients pass through the rounding, and not where
a value is clipped.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tinydf.train.distributed import ALONE, DistributedContext

MOMENTUM = 0.01
"""How far a range moves towards the extremes of a batch."""

LOW, HIGH = -128, 127
SIGMOID = (0.0, 255 / 256)
"""TFLite's fixed range of a LOGISTIC: scale 1/256, zero point -128."""

# Functions by name: torch has several of some.
WEIGHTED = {"conv2d", "linear"}
FUSED = {"batch_norm", "shared_batch_norm", "relu", "relu6", "hardtanh"}
SAME_VALUES = {
    *("pad", "dropout", "flatten", "reshape", "view", "permute", "transpose", "contiguous"),
    *("cat", "chunk", "split", "__getitem__", "index_select", "roll", "max_pool2d"),
}
"""What only moves or chooses values, or makes zeros: its output has its input's range."""
NO_COMPUTATION = {"__get__", "size", "dim", "__len__", "detach", "to", "float"}


class QuantisationAware(nn.Module):  # type: ignore[misc]
    """A detector whose weights and activations are rounded as in a full-int8 .tflite.

    Input and output are the detector's: float [batch, 3, size, size] in [0, 1] to logits float [batch, 2].

    Attributes:
        detector: the detector; its weights are the ones to save.
        low, high: the learned ranges, float [points], in the order in which the detector computes.
    """

    def __init__(self, detector: nn.Module, size: int, context: DistributedContext = ALONE) -> None:
        """Wrap a detector for images of this size; ranges are unknown until a batch has been learned from."""
        super().__init__()
        self.detector = detector
        self._context = context
        training, count = detector.training, 0

        def counting(point: int, value: Tensor, fixed: bool) -> Tensor:
            nonlocal count
            count = max(count, point + 1)
            return value

        detector.eval()
        with torch.no_grad():
            run(detector, torch.zeros(1, 3, size, size), counting, round_weights=False)
        detector.train(training)
        self.register_buffer("low", torch.zeros(count))
        self.register_buffer("high", torch.zeros(count))

    def forward(self, images: Tensor) -> Tensor:
        return run(self.detector, images, self._round, round_weights=True)

    def _round(self, point: int, value: Tensor, fixed: bool) -> Tensor:
        if fixed:
            self.low[point], self.high[point] = SIGMOID
        elif self.training:
            self._follow(point, value.detach())
        return round_to(value, self.low[point], self.high[point])

    def _follow(self, point: int, value: Tensor) -> None:
        """Move a range towards that of a batch, all processes' parts of it; the first batch sets it."""
        low, high = self._context.widest(value.amin().clamp(max=0).float(), value.amax().clamp(min=0).float())
        known = bool(self.high[point] > self.low[point])
        self.low[point] = torch.lerp(self.low[point], low, MOMENTUM) if known else low
        self.high[point] = torch.lerp(self.high[point], high, MOMENTUM) if known else high


def round_to(value: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Values as int8 holds them with a range that 0 is in; unchanged if the range is empty."""
    scale = ((high - low) / (HIGH - LOW)).clamp(min=1e-9)
    zero_point = (LOW - torch.round(low / scale)).clamp(LOW, HIGH).to(torch.int32)
    rounded: Tensor = torch.fake_quantize_per_tensor_affine(value, scale, zero_point, LOW, HIGH)
    return rounded if bool(high > low) else value


def round_weights_of(weights: Tensor) -> Tensor:
    """Weights as int8 holds them, symmetric, with a scale for each output channel (the first axis)."""
    scales = weights.detach().abs().flatten(1).amax(1).clamp(min=1e-9).float() / HIGH
    zeros = torch.zeros_like(scales, dtype=torch.int32)
    rounded: Tensor = torch.fake_quantize_per_channel_affine(weights, scales, zeros, 0, -HIGH, HIGH)
    return rounded


def run(
    detector: nn.Module, images: Tensor, at_point: Callable[[int, Tensor, bool], Tensor], round_weights: bool
) -> Tensor:
    """Run a detector, and put `at_point(number, value, fixed)` in the place of each value that int8 would hold.

    Args:
        detector: the detector.
        images: float [batch, 3, size, size]; as pixels over 255 they are int8's already.
        at_point: called once for each value, in the order of first use; `fixed` says that the range is a sigmoid's.
        round_weights: whether convolutions take rounded weights.
    """
    mode = _Points(images, at_point, round_weights)
    with mode:
        logits = detector(images)
    return mode.held(logits)


class _Points(TorchFunctionMode):  # type: ignore[misc]
    """Sees each function that a detector calls, and rounds what goes into it.

    Values are told apart by identity; they are kept until the pass is over, so that no two have the same.
    """

    def __init__(self, images: Tensor, at_point: Callable[[int, Tensor, bool], Tensor], round_weights: bool) -> None:
        super().__init__()
        self._at_point = at_point
        self._round_weights = round_weights
        self._points = 0
        self._held: dict[int, Tensor] = {id(images): images}
        self._kept: list[Any] = [images]
        self._sigmoids: set[int] = set()

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options, name = kwargs or {}, getattr(function, "__name__", "")
        if name in NO_COMPUTATION:
            return function(*args, **options)
        if name not in FUSED:
            args = tuple(self._rounded(one) for one in args)
        if name in WEIGHTED and self._round_weights:
            args = (args[0], round_weights_of(args[1]), *args[2:])
        result = function(*args, **options)
        self._kept.append(result)
        if name in SAME_VALUES:
            for one in result if isinstance(result, tuple | list) else [result]:
                self._held[id(one)] = one
        if name == "sigmoid":
            self._sigmoids.add(id(result))
        return result

    def held(self, value: Tensor) -> Tensor:
        """A value as int8 holds it: as it is if it was seen before, else a point of its own."""
        if id(value) not in self._held:
            rounded = self._at_point(self._points, value, id(value) in self._sigmoids)
            self._points += 1
            self._held |= {id(value): rounded, id(rounded): rounded}
            self._kept += [value, rounded]
        return self._held[id(value)]

    def _rounded(self, argument: Any) -> Any:
        """An argument with its activations rounded; weights and constants are left alone."""
        if isinstance(argument, list | tuple):
            return type(argument)(self._rounded(one) for one in argument)
        return self.held(argument) if _is_activation(argument) else argument


def _is_activation(value: Any) -> bool:
    """Weights, statistics and constants are leaves that need gradients, or have one axis."""
    return (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.ndim >= 2
        and not isinstance(value, nn.Parameter)
    )
