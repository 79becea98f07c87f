# SPDX-License-Identifier: Apache-2.0
"""`--as esp-idf`: a component of ESP-IDF, and an example project."""

from tinydf.package.model import PackagedModel, example, readme

CORE = "generic"  # Xtensa and RISC-V


def files(model: PackagedModel, sources: dict[str, str]) -> dict[str, str]:
    """The package's files: path -> text."""
    use = f"""
Put this folder below your project's `components`, or name it in your `idf_component.yml`:

```yaml
dependencies:
  {model.stem}:
    path: path/to/{model.stem}
```

`examples/{model.name}` is a whole project: `idf.py set-target esp32s3 build flash monitor`.
"""
    listed = "\n".join(f'        "{path}"' for path in sources if path.endswith(".c"))
    project = f"examples/{model.name}"
    return {
        **sources,
        "CMakeLists.txt": f"""\
idf_component_register(
    SRCS
{listed}
    INCLUDE_DIRS ".")
target_compile_options(${{COMPONENT_LIB}} PRIVATE -O3)
""",
        "idf_component.yml": f"""\
version: "{model.publication.version}"
description: "{model.title}"
license: Apache-2.0
dependencies:
  idf: ">=5.0"
examples:
  - path: ./{project}
""",
        f"{project}/CMakeLists.txt": f"""\
cmake_minimum_required(VERSION 3.16)
include($ENV{{IDF_PATH}}/tools/cmake/project.cmake)
project({model.name}_example)
""",
        f"{project}/main/CMakeLists.txt": 'idf_component_register(SRCS "main.c")\n',
        f"{project}/main/idf_component.yml": f"""\
dependencies:
  {model.stem}:
    version: "*"
    override_path: ../../..
""",
        f"{project}/main/main.c": example(model, entry="void app_main"),
        "README.md": readme(model, use),
    }
