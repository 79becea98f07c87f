# SPDX-License-Identifier: Apache-2.0
"""`--as zephyr`: a module of Zephyr, and a sample."""

from tinydf.package.model import PackagedModel, example, readme

CORE = "cortex-m7"


def files(model: PackagedModel, sources: dict[str, str]) -> dict[str, str]:
    """The package's files: path -> text."""
    use = f"""
Add this folder to `ZEPHYR_EXTRA_MODULES`, or to your west manifest, and set `CONFIG_{model.macro}=y`. The sample:

```sh
west build -b nucleo_h743zi samples/{model.name}
```
"""
    listed = "\n".join(f"        {path}" for path in sources if path.endswith(".c"))
    sample = f"samples/{model.name}"
    return {
        **sources,
        "zephyr/module.yml": f"""\
name: {model.stem}
build:
  cmake: .
  kconfig: Kconfig
samples:
  - samples
""",
        "CMakeLists.txt": f"""\
if(CONFIG_{model.macro})
    zephyr_library_named({model.stem})
    zephyr_library_sources(
{listed})
    zephyr_library_compile_options(-O3)
    zephyr_include_directories(.)
endif()
""",
        "Kconfig": f"""\
config {model.macro}
    bool "Model {model.name}"
    help
      {model.title}. It takes {model.arena_bytes} bytes of
      working memory, which the program gives.
""",
        f"{sample}/CMakeLists.txt": f"""\
cmake_minimum_required(VERSION 3.20)
list(APPEND ZEPHYR_EXTRA_MODULES "${{CMAKE_CURRENT_SOURCE_DIR}}/../..")
find_package(Zephyr REQUIRED HINTS $ENV{{ZEPHYR_BASE}})
project({model.name}_sample)
target_sources(app PRIVATE src/main.c)
""",
        f"{sample}/prj.conf": f"CONFIG_{model.macro}=y\nCONFIG_PRINTK=y\n",
        f"{sample}/sample.yaml": f"""\
sample:
  name: {model.name}
  description: {model.title}
tests:
  sample.{model.stem}:
    build_only: true
""",
        f"{sample}/src/main.c": example(model),
        "README.md": readme(model, use),
    }
