# SPDX-License-Identifier: Apache-2.0
"""What `mkdocs build` adds to the pages: the parts that come from the sources, and files outside `docs/`.

A page has a line `<!-- generated: NAME ARGUMENTS -->` where `GENERATED[NAME]` writes. Pages of other folders are
mounted into the site, and links follow them. A link to a source file becomes its text: the site holds no sources.
"""

import importlib
import os.path
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pydantic import BaseModel

from tinydf.cli.main import main

ROOT = Path(__file__).parents[1]

# Place on the site -> file of the repository.
MOUNTED = {
    **{f"reference/benchmarks/{path.name}": f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.md")},
    **{
        f"reference/models/{path.parent.name}.md": f"models/{path.parent.name}/README.md"
        for path in (ROOT / "models").glob("*/README.md")
    },
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
}

DIRECTIVE = re.compile(r"^<!-- generated: (\w+) ?(.*?) -->$", re.MULTILINE)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s#]+)(#[^()\s]*)?\)")
REMOTE = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?\s(?:src|href)=\"?((?:https?:)?//[^\s\">]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the cards of the detectors under `models/` in the navigation."""
    cards = sorted(place for place in MOUNTED if place.startswith("reference/models/"))
    reference = next(one["Reference"] for one in config.nav or [] if "Reference" in one)
    section = next(one for one in reference if "Published detectors" in one)
    section["Published detectors"] = [{Path(place).stem: place} for place in cards]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Mount the pages of other folders."""
    for place, origin in MOUNTED.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / origin)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in the generated parts, and turn the repository's links into the site's."""
    place = page.file.src_uri
    if place.endswith(".ipynb"):
        return markdown
    origin = MOUNTED.get(place, f"docs/{place}")
    markdown = DIRECTIVE.sub(lambda found: GENERATED[found[1]](*found[2].split()), markdown)
    return LINK.sub(lambda found: _link(found, place, origin), markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that a browser cannot show without the internet."""
    remote = [address for address in REMOTE.findall(output) if not address.startswith(config.site_url or "//none")]
    if remote:
        raise PluginError(f"{page.file.src_uri} loads {remote[0]}: the site must need no other")
    return output


def _link(found: re.Match[str], place: str, origin: str) -> str:
    picture, text, target, anchor = found[1], found[2], found[3], found[4] or ""
    if "://" in target or target.startswith("mailto:"):
        return found[0]
    path = os.path.normpath(os.path.join(os.path.dirname(origin), target))  # noqa: PTH118, PTH120
    mounted = {file: where for where, file in MOUNTED.items()}
    inside = mounted.get(path, path.removeprefix("docs/"))
    if inside == path and (ROOT / path).exists():
        return text
    relative = os.path.relpath(inside, os.path.dirname(place) or ".")  # noqa: PTH120
    return f"{picture}[{text}]({relative}{anchor})"


def commands() -> str:
    """Every command with its arguments and options, from the click tree."""
    context = click.Context(main, info_name="tinydf")
    return "\n".join(line for one in main.list_commands(context) for line in _command(context, one, main))


def _command(parent: click.Context, name: str, group: click.Group) -> Iterator[str]:
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * len(context.command_path.split())} {context.command_path}\n"
    yield f"{_text(command.help)}\n"
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    rows = [row for parameter in command.get_params(context) if (row := _parameter(parameter, context))]
    if rows:
        yield "| option | what it does | default |\n| --- | --- | --- |"
        yield from rows
        yield ""
    if isinstance(command, click.Group):
        for one in command.list_commands(context):
            yield from _command(context, one, command)


def _parameter(parameter: click.Parameter, context: click.Context) -> str | None:
    if not isinstance(parameter, click.Option):
        return None
    record = parameter.get_help_record(context)
    if record is None or "--help" in parameter.opts:
        return None
    text, _, default = _text(parameter.help).partition("  [default: ")
    known = parameter.get_default(context, call=False)
    if not default and parameter.show_default and known is not None:
        values = known if isinstance(known, tuple | list) else (known,)
        default = ", ".join(f"`{value}`" for value in values)
    repeated = " May be repeated." if parameter.multiple and "repeat" not in text else ""
    return f"| `{_cell(record[0])}` | {_cell(text)}{repeated} | {_cell(default.removesuffix(']'))} |"


def keys(where: str) -> str:
    """The keys of a file from its pydantic schema, given as `module:Class`."""
    module, _, name = where.partition(":")
    schema: type[BaseModel] = getattr(importlib.import_module(module), name)
    return _table(schema)


def detectors() -> str:
    """The options of each detector."""
    from tinydf.detectors import DETECTORS

    return "\n".join(f"### {name}\n\n{_table(one.options)}\n" for name, one in DETECTORS.items())


def methods() -> str:
    """The options of each method of self-supervised learning."""
    from tinydf.ssl import METHODS

    return "\n".join(f"### {name}\n\n{_table(one.options)}\n" for name, one in METHODS.items())


def layouts() -> str:
    """What stands at which byte of each payload, from the wire registry."""
    from tinydf.link.wire import LAYOUTS

    lines: list[str] = []
    for layout in LAYOUTS:
        lines += [f"### {layout.c_name}", "", _first_line(layout), ""]
        lines += ["| offset | bytes | member | meaning |", "| ---: | ---: | --- | --- |"]
        offset = 0
        for member in layout.members():
            declaration = member.declaration.removesuffix(";")
            lines.append(f"| {offset} | {member.size} | `{declaration}` | {_cell(member.meaning)} |")
            offset += member.size
        lines.append("")
    return "\n".join(lines)


def codes() -> str:
    """The numbers on the wire and their meaning, from the wire registry."""
    from tinydf.link.wire import ENUMERATIONS

    lines: list[str] = []
    for name, enumeration in ENUMERATIONS.items():
        lines += [
            f"### {name}",
            "",
            _first_line(enumeration),
            "",
            "| number | name | meaning |",
            "| ---: | --- | --- |",
        ]
        lines += [f"| {one.value} | `{one.name}` | {_cell(one.meaning)} |" for one in enumeration]
        lines.append("")
    return "\n".join(lines)


def _first_line(documented: type) -> str:
    return (documented.__doc__ or "").splitlines()[0]


def _table(schema: type[BaseModel]) -> str:
    document = schema.model_json_schema()
    rows = list(_rows("", document, document.get("$defs", {})))
    if not rows:
        return "No options."
    return "\n".join(["| key | meaning | default |", "| --- | --- | --- |", *rows])


def _rows(prefix: str, node: dict[str, Any], named: dict[str, Any]) -> Iterator[str]:
    """A row for each key below `node`, tables opened; `NAME` stands for a key that the user chooses."""
    wanted = node.get("required", [])
    for key, value in node.get("properties", {}).items():
        yield from _row(f"{prefix}{key}", value, named, key in wanted)


def _row(key: str, value: dict[str, Any], named: dict[str, Any], wanted: bool) -> Iterator[str]:
    options = list(_options(value, named))
    tables = [one for one in options if "properties" in one]
    lists = [item for one in options if "properties" in (item := _resolved(one.get("items") or {}, named))]
    for table in lists:
        yield f"| `[[{key}]]` | {_cell(_sentence(table.get('description', '')))} | {'required' if wanted else ''} |"
        yield from _rows(f"{key}.", table, named)
    for table in tables:
        yield f"| `[{key}]` | {_cell(_sentence(table.get('description', '')))} | {'required' if wanted else ''} |"
        yield from _rows(f"{key}.", table, named)
    below = next(iter(value.get("patternProperties", {}).values()), value.get("additionalProperties"))
    if isinstance(below, dict) and "$ref" in below:
        yield from _row(f"{key}.NAME", below, named, False)
    elif not tables and not lists:
        kinds = " or ".join(_kind(one, named) for one in options if one.get("type") != "null")
        default = "required" if wanted else _default(value.get("default"))
        meaning = " — ".join(filter(None, (_sentence(value.get("description", "")), kinds)))
        yield f"| `{key}` | {_cell(meaning)} | {_cell(default)} |"


def _options(value: dict[str, Any], named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What `value` may be, alternatives taken apart."""
    alternatives = value.get("anyOf", value.get("oneOf"))
    if alternatives is None:
        yield _resolved(value, named)
    for one in alternatives or ():
        yield from _options(one, named)


def _resolved(node: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref") or (node["allOf"][0].get("$ref") if "allOf" in node else None)
    return named[reference.rpartition("/")[2]] if reference else node


def _kind(node: dict[str, Any], named: dict[str, Any]) -> str:
    """What a value may be: its type, choices and limits."""
    if "enum" in node or "const" in node:
        return ", ".join(f"`{one}`" for one in node.get("enum", [node.get("const")]))
    if node.get("type") == "array":
        inner: dict[str, Any] = node.get("items") or next(iter(node.get("prefixItems", [])), {})
        return f"list of {_kind(_resolved(inner, named), named)}"
    words = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "object": "table"}
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {node[limit]:,}" for limit, sign in signs.items() if limit in node]
    if "minimum" in node and "maximum" in node:
        limits = [f"{node['minimum']:,} to {node['maximum']:,}"]
    pattern = [f"`{node['pattern']}`"] if "pattern" in node else []
    return ", ".join([words.get(node.get("type", ""), "any"), *limits, *pattern])


def _sentence(text: str) -> str:
    """The first sentence of a docstring or description, without its full stop."""
    return re.split(r"\.(?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def _default(value: Any) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, list):
        return ", ".join(_default(one) for one in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _text(text: str | None) -> str:
    """A help text in one line, as Markdown: <, > and `[` are signs, not markup."""
    lines = " ".join((text or "").replace("\b", "").split("\n"))
    return re.sub(r" {3,}", " ", lines).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


GENERATED: dict[str, Callable[..., str]] = {
    "commands": commands,
    "keys": keys,
    "detectors": detectors,
    "methods": methods,
    "layouts": layouts,
    "codes": codes,
}
