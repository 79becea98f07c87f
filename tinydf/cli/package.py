# SPDX-License-Identifier: Apache-2.0
"""`tinydf package`."""

from pathlib import Path

import click

from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--as", "form", required=True, help="c, arduino, esp-idf, zephyr or cmsis-pack.")
@click.option("--out", type=click.Path(path_type=Path), help="Where it is written.  [default: build/package/FORM]")
@click.option("--name", help="The model's name in C: kws gives kws_model.h.  [default: the export's or the file's]")
@click.option(
    "--core",
    help="Whose kernels to take, such as cortex-m55; their C runs everywhere.  [default: cortex-m7; esp-idf: generic]",
)
@click.option("--version", default="1.0.0", show_default=True, help="The package's.")
@click.option("--author", default="the model's owner", show_default=True, help="As a registry shows it.")
@click.option("--url", default="https://example.org", show_default=True, help="The package's page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@in_workspace
def command(
    model: Path | None,
    form: str,
    out: Path | None,
    name: str | None,
    core: str | None,
    version: str,
    author: str,
    url: str,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Write a model as a library that builds without tinydf.

    MODEL is an export directory, that of build/export if left out, or any int8 .tflite. The package has the model, the
    kernels that it uses, an example and a README.
    """
    from tinydf.cli.console import print_json, results
    from tinydf.package import Publication, make, write

    source = model or workspace.take(export=None)[0]
    package, files = make(source, form, name, core, Publication(version, author, url))
    out = out or workspace.package(form)
    archives = write(package, files, out)
    if as_json:
        print_json(package)
        return
    sizes = f"{package.weight_bytes:,} bytes of weights, {package.arena_bytes:,} of arena"
    results.print(f"{out}: {len(files)} files, kernels for {package.core}, {sizes}", markup=False, soft_wrap=True)
    for archive in archives:
        results.print(str(archive), markup=False, soft_wrap=True)
    results.print(f"begin with {out / 'README.md'}", markup=False, soft_wrap=True)
