# SPDX-License-Identifier: Apache-2.0
"""Plans as a person reads them."""

from rich.table import Table

from tinydf.artefacts.plan import Plan, TensorPlan
from tinydf.cli.console import results


def layer_table(*numbers: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("index", justify="right")
    table.add_column("operator", no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def print_plan(plan: Plan) -> None:
    """Print a table of layers, and the model's totals."""
    table = layer_table("output", "MACs", "weights", "scratch")
    for layer in plan.layers:
        shapes = ", ".join(_shape(tensor) for tensor in layer.outputs)
        cost = (f"{layer.macs:,}", f"{layer.weight_bytes:,}", f"{layer.scratch_bytes:,}")
        table.add_row(str(layer.index), layer.operator, shapes, *cost)
    results.print(table)
    for layer in plan.layers:
        if layer.stripe_rows:
            kept = ", ".join(f"{tensor.rows} rows of {_shape(tensor)}" for tensor in layer.kept)
            results.print(f"{layer.index} {layer.operator} runs by {layer.stripe_rows} rows and keeps {kept}")
    gap = plan.arena_bytes - plan.lower_bound
    proof = "no placing of these buffers is smaller" if gap == 0 else f"{gap:,} above the lower bound"
    results.print(f"{len(plan.layers)} layers, {plan.macs:,} MACs, {plan.weight_bytes:,} bytes of weights and tables")
    results.print(f"arena {plan.arena_bytes:,} bytes ({proof})")


def _shape(tensor: TensorPlan) -> str:
    return "x".join(map(str, tensor.shape))
