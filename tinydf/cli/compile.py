# SPDX-License-Identifier: Apache-2.0
"""`tinydf compile`."""

from pathlib import Path

import click

from tinydf.cli.options import in_workspace
from tinydf.errors import TinydfError, about
from tinydf.workspace import Workspace


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the C sources are written.  [default: build/c]",
)
@click.option(
    "--target", default="armv7e-m", show_default=True, help="Whose kernels to call; an unknown one lists them."
)
@click.option("--name", default="", help="The model's name in C: kws gives kws_model.h and kws_model.c.")
@click.option(
    "--standalone", is_flag=True, help="Write all that the model needs, and an example, as `package --as c` does."
)
@click.option("--check", is_flag=True, help="Compare every layer with TFLM's interpreter.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@in_workspace
def command(
    model: Path | None,
    out: Path | None,
    target: str,
    name: str,
    standalone: bool,
    check: bool,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Compile an int8 .tflite, that of build/export if left out, to C: model_aot.c, model_aot.h and plan.json."""
    from tinydf.cli.console import note, print_json
    from tinydf.cli.show.compiler import print_plan
    from tinydf.compiler import compile_model, write_compiled

    model, out = model or workspace.model(), out or workspace.c
    tflite = model.read_bytes()
    if standalone and not name:
        from tinydf.package import identifier

        name = identifier(model.stem)
    with about(model):
        compiled = compile_model(tflite, target=target, name=name)
    if standalone:
        from tinydf.package import Publication, assemble, describe, write

        write(*assemble(compiled, "c", target, describe(compiled, None, Publication())), out)
    else:
        write_compiled(compiled, out)
    if check:
        from tinydf.compiler.host.check import first_difference

        difference = first_difference(tflite, compiled.plan, out, stem=compiled.stem)
        if difference is not None:
            raise TinydfError(f"{model}: {difference}", "report it with the model: a difference is a compiler's bug")
        note("every layer gives TFLM's bytes")
    if as_json:
        print_json(compiled.plan)
    else:
        print_plan(compiled.plan)
