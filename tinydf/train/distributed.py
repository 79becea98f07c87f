# SPDX-License-Identifier: Apache-2.0
"""Which of the processes of a training this one is, and what it computes on.

`torchrun` starts the processes and says so in their environment; without it there is one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as group
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.parallel import DistributedDataParallel
from torch.overrides import handle_torch_function, has_torch_function_unary


@dataclass(frozen=True)
class DistributedContext:
    """This process among those of a training: `rank` of `ranks`, and its device."""

    rank: int
    ranks: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether it is this process that writes files and tells how it goes."""
        return self.rank == 0

    def mean(self, value: float) -> float:
        """The mean of a number over all processes."""
        if self.ranks == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        group.all_reduce(total)
        return float(total.item()) / self.ranks

    def widest(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The least `low` and the greatest `high` of all processes, float tensors of no axis."""
        if self.ranks == 1:
            return low, high
        ends = torch.stack((-low, high))
        group.all_reduce(ends, group.ReduceOp.MAX)
        return -ends[0], ends[1]

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.ranks > 1:
            group.barrier()

    def join(self, model: nn.Module) -> nn.Module:
        """What to call in place of a model that learns: its gradients are the mean over all processes.

        Batch normalisation takes its statistics over all processes' images, as one process would over the whole batch.
        """
        if self.ranks == 1:
            return model
        synchronise(model, self.device)
        return DistributedDataParallel(model, forward_sync_buffers=False)


ALONE = DistributedContext(0, 1, torch.device("cpu"))


@contextmanager
def distributed_context() -> Iterator[DistributedContext]:
    """This process's context; its process group exists while the block runs.

    What `DistributedContext.join` gave must have gone before the block ends. It would be the last to hold the group
    else, and torch would join the group's threads with Python's lock held, for which one of them may be waiting.

    torch computes repeatably from now on: bit for bit on a CPU, as far as its kernels can on a GPU.
    """
    rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=cuda)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a debugging aid that costs a tenth of the time
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if ranks > 1:
        group.init_process_group("nccl" if cuda else "gloo")
    try:
        yield DistributedContext(rank, ranks, device)
    finally:
        if ranks > 1:
            group.destroy_process_group()


class SharedBatchNorm2d(nn.BatchNorm2d):  # type: ignore[misc]
    """Batch normalisation whose statistics are those of all processes' images; torch's own is for GPUs alone.

    Input and output: float [batch, channels, height, width], the batch being this process's part.
    """

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return super().forward(features)
        return shared_batch_norm(features, self)


def shared_batch_norm(features: Tensor, layer: SharedBatchNorm2d) -> Tensor:
    """What the layer does in training; torch's function modes see this one, and not its parts."""
    if has_torch_function_unary(features):
        watched: Tensor = handle_torch_function(shared_batch_norm, (features,), features, layer)
        return watched
    with torch.no_grad():
        mean, variance, count = _statistics(features)
        layer.num_batches_tracked += 1
        layer.running_mean.lerp_(mean, layer.momentum)
        layer.running_var.lerp_(variance * (count / (count - 1)), layer.momentum)
    normalised: Tensor = _Normalise.apply(features, layer.weight, layer.bias, mean, variance, count, layer.eps)
    return normalised


def _statistics(features: Tensor) -> tuple[Tensor, Tensor, float]:
    """Mean and variance of each channel over all processes' images, float [channels] each, and of how many values.

    In double precision, so that squares of means and their differences lose nothing; one sum over processes in all.
    """
    mean, variance = torch.batch_norm_update_stats(features.float(), None, None, 0.0)
    count, mean = float(features[:, 0].numel()), mean.double()
    sums = torch.cat((mean.new_tensor([1.0]), mean, variance.double() + mean.square())) * count
    group.all_reduce(sums)
    total, channels = float(sums[0].item()), len(mean)
    mean, squares = sums[1 : channels + 1] / total, sums[channels + 1 :] / total
    return mean.float(), (squares - mean.square()).clamp(min=0).float(), total


class _Normalise(torch.autograd.Function):  # type: ignore[misc]
    """Batch normalisation by given statistics, through which gradients flow as if all processes' images were one batch.

    The gradients of weight and bias are of this process's images alone: DistributedDataParallel takes their mean.
    """

    @staticmethod
    def forward(
        context: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        count: float,
        epsilon: float,
    ) -> Tensor:
        context.save_for_backward(features, weight, mean, torch.rsqrt(variance + epsilon))
        context.count = count
        return F.batch_norm(features, mean, variance, weight, bias, training=False, eps=epsilon)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, mean, inverse = context.saved_tensors
        _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, features, weight, None, None, mean, inverse, True, 0.0, [False, True, True]
        )
        sums = torch.stack((of_bias, of_weight)) / context.count
        group.all_reduce(sums)
        # weight * inverse * (gradient - sums[0] - normalised * sums[1]), in two passes over the features
        scale = weight * inverse
        slope = -scale * inverse * sums[1]
        offset = -scale * sums[0] - slope * mean
        scale, slope, offset = (one[:, None, None] for one in (scale, slope, offset))
        of_features = torch.addcmul(offset, gradient, scale).addcmul_(features, slope)
        return of_features.to(features.dtype), of_weight, of_bias, None, None, None, None


def synchronise(model: nn.Module, device: torch.device) -> None:
    """Have every batch normalisation of a model share its statistics; the weights and their names stay."""
    for name, child in model.named_children():
        if not isinstance(child, nn.BatchNorm2d):
            synchronise(child, device)
        elif device.type == "cuda":
            setattr(model, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))
        else:
            shared = SharedBatchNorm2d(child.num_features, child.eps, child.momentum)
            shared.load_state_dict(child.state_dict())
            for own, given in zip(shared.parameters(), child.parameters(), strict=True):
                own.requires_grad_(given.requires_grad)
            setattr(model, name, shared.train(child.training))
