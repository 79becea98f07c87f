# SPDX-License-Identifier: Apache-2.0
"""What a pre-training came to, on standard output."""

from tinydf.cli.console import results
from tinydf.train.pretrain import Pretrained


def show_pretrained(record: Pretrained) -> None:
    """A few figures; those of the embeddings are explained in `Spread`."""
    results.print(
        f"{record.method}: {record.epochs} epochs of {record.images} images, loss {record.loss:.3f}, "
        f"{record.images_per_second:.0f} images/s, {record.seconds:.0f} s\n"
        f"embeddings: standard deviation {record.deviation:.2f} (1 is even, 0 is collapsed), "
        f"effective rank {record.rank:.1f}",
    )
