# SPDX-License-Identifier: Apache-2.0
"""The one exception that tinydf raises on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager


class TinydfError(Exception):
    """Something the user can mend: what went wrong, where, and how to mend it.

    The command line prints it as one line and exits with status 1.

    Args:
        what: what went wrong and where, without a final full stop.
        hint: what to do about it, without a final full stop; empty if there is nothing to be done.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what}: {hint}" if hint else what)


@contextmanager
def about(thing: object) -> Iterator[None]:
    """Let errors raised inside begin with what they are about, such as a file."""
    try:
        yield
    except TinydfError as error:
        raise TinydfError(f"{thing}: {error.what}", error.hint) from None
