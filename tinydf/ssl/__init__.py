# SPDX-License-Identifier: Apache-2.0
"""Self-supervised pre-training of detectors, by the names of its methods: what a network can learn without labels."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from torch import nn

from tinydf.errors import TinydfError
from tinydf.files import first_problem
from tinydf.ssl import barlow, byol, simclr, simsiam, vicreg
from tinydf.ssl.method import SelfSupervised


class Method(NamedTuple):
    """How a method is described in a recipe, and built from an encoder, the number of its features, and that."""

    options: type[BaseModel]
    build: Callable[[nn.Module, int, Any], SelfSupervised]


METHODS = {
    "simclr": Method(simclr.Options, simclr.SimCLR),
    "byol": Method(byol.Options, byol.BYOL),
    "simsiam": Method(simsiam.Options, simsiam.SimSiam),
    "vicreg": Method(vicreg.Options, vicreg.VICReg),
    "barlow": Method(barlow.Options, barlow.BarlowTwins),
}


def check_options(name: str, options: dict[str, Any]) -> BaseModel:
    """A method's options by its own schema.

    Raises:
        TinydfError: if there is no such method, or an option is unknown or out of its range.
    """
    if name not in METHODS:
        raise TinydfError(f"method {name!r} is not known", f"choose one of {', '.join(METHODS)}")
    try:
        return METHODS[name].options.model_validate(options)
    except ValidationError as error:
        raise TinydfError(f"method {name}: {first_problem(error)}", "options: docs/reference/recipes.md") from None
