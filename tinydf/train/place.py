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
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Place:
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


@contextmanager
def take_place() -> Iterator[Place]:
    """This process's place; with others it is in touch while the block runs.

    What `Place.join` gave must have gone before the block ends. It would be the last to hold the group else, and torch
    would join the group's threads with Python's lock held, for which one of them may be waiting.

    torch computes repeatably from now on: bit for bit on a CPU, as far as its kernels can on a GPU.
    """
    rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=cuda)
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if ranks > 1:
        group.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Place(rank, ranks, device)
    finally:
        if ranks > 1:
            group.destroy_process_group()


class SumOverProcesses(torch.autograd.Function):  # type: ignore[misc]
    """The sum of all processes' tensors, of one shape; gradients are summed likewise: each process uses the sum."""

    @staticmethod
    def forward(_: Any, tensor: Tensor) -> Tensor:
        return _sum(tensor)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return _sum(gradient)


def _sum(tensor: Tensor) -> Tensor:
    total = tensor.clone(memory_format=torch.contiguous_format)
    group.all_reduce(total)
    return total


class SharedBatchNorm2d(nn.BatchNorm2d):  # type: ignore[misc]
    """Batch normalisation whose statistics are those of all processes' images; torch's own is for GPUs alone.

    Input and output: float [batch, channels, height, width], the batch being this process's part.
    """

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return super().forward(features)
        add = SumOverProcesses.apply
        count = add(torch.tensor(float(features[:, 0].numel())))
        mean = add(features.sum(dim=(0, 2, 3))) / count
        centred = features - mean[:, None, None]
        variance = add(centred.square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return centred * scale[:, None, None] + self.bias[:, None, None]


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
