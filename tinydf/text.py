# SPDX-License-Identifier: Apache-2.0
"""Text from anywhere, made fit for a terminal and for JSON."""

from pathlib import Path

_LOST_BYTE = "\udc00"
"""What Python adds to a byte of a file's name that is no UTF-8 (PEP 383)."""


def printable(text: str | Path, keep: str = "") -> str:
    r"""Text with every character that a terminal obeys or hides written out, such as `\x1b` for escape.

    Args:
        text: from anywhere; or a path, of any bytes.
        keep: control characters that stay as they are.

    Returns:
        Text that can be printed, and kept in JSON.
    """
    return "".join(one if one.isprintable() or one in keep else _written_out(one) for one in str(text))


def _written_out(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - ord(_LOST_BYTE):02x}"
    return repr(letter)[1:-1]
