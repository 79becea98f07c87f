# SPDX-License-Identifier: Apache-2.0
"""`--as cmsis-pack`: a software pack (Open-CMSIS-Pack) with one component."""

from xml.sax.saxutils import escape

from tinydf.package.model import PackagedModel, example, readme

CORE = "cortex-m7"
VENDOR = "tinydf"


def archive(name: str, version: str) -> str:
    """The archive's file name."""
    return f"{VENDOR}.{name}_model.{version}.pack"


def files(model: PackagedModel, sources: dict[str, str]) -> dict[str, str]:
    """The package's files: path -> text; the .pack is a zip of them."""
    use = f"""
Install the pack, and select the component *Machine Learning: Model: {model.name}*:

```sh
cpackget add {archive(model.name, model.publication.version)}
```

`template/main.c` is offered as a user code template.
"""
    return {
        **sources,
        f"{VENDOR}.{model.stem}.pdsc": _description(model, sources),
        "template/main.c": example(model),
        "README.md": readme(model, use),
    }


def _description(model: PackagedModel, sources: dict[str, str]) -> str:
    listed = "\n".join(
        f'        <file category="source" name="{path}"/>' for path in sorted(sources) if path.endswith(".c")
    )
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<package schemaVersion="1.7.7" xmlns:xs="http://www.w3.org/2001/XMLSchema-instance" \
xs:noNamespaceSchemaLocation="PACK.xsd">
  <vendor>{VENDOR}</vendor>
  <name>{model.stem}</name>
  <description>{model.title}</description>
  <url>{escape(model.publication.url)}/</url>
  <license>LICENSE</license>
  <releases>
    <release version="{model.publication.version}">Model {model.tflite_sha256}</release>
  </releases>
  <keywords>
    <keyword>machine learning</keyword>
    <keyword>int8</keyword>
  </keywords>
  <components>
    <component Cclass="Machine Learning" Cgroup="Model" Csub="{model.name}" Cversion="{model.publication.version}">
      <description>{model.title}</description>
      <files>
        <file category="doc" name="README.md"/>
        <file category="include" name="./"/>
        <file category="header" name="{model.stem}.h"/>
{listed}
        <file category="source" name="template/main.c" attr="template" select="Run {model.name} once"/>
      </files>
    </component>
  </components>
</package>
"""
