# SPDX-License-Identifier: Apache-2.0
"""`tinydf package`: a compiled model as a library that builds without tinydf (docs/how-to/package.md)."""

from tinydf.package.model import Publication, describe
from tinydf.package.package import FORMS, Package, assemble, identifier, make, write

__all__ = ["FORMS", "Package", "Publication", "assemble", "describe", "identifier", "make", "write"]
