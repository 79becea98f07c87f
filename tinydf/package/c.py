# SPDX-License-Identifier: Apache-2.0
"""`--as c`: C11 sources for any build system."""

from tinydf.package.model import PackagedModel, example, readme

CORE = "cortex-m7"


def files(model: PackagedModel, sources: dict[str, str]) -> dict[str, str]:
    """The package's files: path -> text."""
    use = f"""
Add all .c files but `example.c` to your program, and this folder to the include path:

```sh
cc -std=c11 -O3 -I. example.c {model.stem}.c {model.name}_kernels/*.c -o example
```
"""
    return {**sources, "example.c": example(model), "README.md": readme(model, use)}
