"""`tinydf compile MODEL.tflite --out DIR`."""

from pathlib import Path

import click

from tinydf.errors import TinydfError, about


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the C sources are written."
)
@click.option(
    "--target", default="armv7e-m", show_default=True, help="Whose kernels to call; an unknown one lists them."
)
@click.option("--check", is_flag=True, help="Compare every layer with TFLM's interpreter.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(model: Path, out: Path, target: str, check: bool, as_json: bool) -> None:
    """Compile an int8 .tflite to C: model_aot.c, model_aot.h and plan.json."""
    from tinydf.compiler import compile_model, write_compiled
    from tinydf.compiler.show import print_plan
    from tinydf.console import note, print_json

    tflite = model.read_bytes()
    with about(model):
        compiled = compile_model(tflite, target=target)
    write_compiled(compiled, out)
    if check:
        from tinydf.compiler.check import first_difference

        difference = first_difference(tflite, compiled.plan, out)
        if difference is not None:
            raise TinydfError(f"{model}: {difference}", "report it with the model: a difference is a compiler's bug")
        note("every layer gives TFLM's bytes")
    if as_json:
        print_json(compiled.plan)
    else:
        print_plan(compiled.plan)
