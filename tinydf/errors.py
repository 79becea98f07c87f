"""The one exception that tinydf raises on purpose."""


class TinydfError(Exception):
    """Something the user can mend: what went wrong, where, and how to mend it.

    The command line prints it as one line and exits with status 1.

    Args:
        what: what went wrong and where, without a final full stop.
        mend: what to do about it, without a final full stop; empty if there is nothing to be done.
    """

    def __init__(self, what: str, mend: str = "") -> None:
        self.what = what
        self.mend = mend
        super().__init__(f"{what}: {mend}" if mend else what)
