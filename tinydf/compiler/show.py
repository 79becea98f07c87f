"""The plan as a person reads it."""

from rich.table import Table

from tinydf.compiler.plan import Plan, TensorPlan
from tinydf.console import results


def print_plan(plan: Plan) -> None:
    """Print a table of layers, and the model's totals."""
    table = Table("index", "operator", "shape", "kernel", box=None, pad_edge=False)
    for name in ("MACs", "weights, B", "scratch, B"):
        table.add_column(name, justify="right")
    for layer in plan.layers:
        table.add_row(
            str(layer.index),
            layer.operator,
            f"{_shapes(layer.inputs)} -> {_shapes(layer.outputs)}",
            " ".join(layer.kernels),
            f"{layer.macs:,}",
            f"{layer.weight_bytes:,}",
            f"{layer.scratch_bytes:,}",
        )
    results.print(table)
    gap = plan.arena_bytes - plan.lower_bound
    proof = "no placing of these buffers is smaller" if gap == 0 else f"{gap:,} above the lower bound"
    results.print(f"{len(plan.layers)} layers, {plan.macs:,} MACs, {plan.weight_bytes:,} bytes of weights and tables")
    results.print(f"arena {plan.arena_bytes:,} bytes ({proof})")


def _shapes(tensors: tuple[TensorPlan, ...]) -> str:
    return ", ".join("x".join(map(str, tensor.shape)) for tensor in tensors)
