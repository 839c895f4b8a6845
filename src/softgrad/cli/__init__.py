"""The ``softgrad`` command."""

import sys
from collections.abc import Sequence

from softgrad.errors import MissingExtra

__all__ = ["main"]

USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv
        The arguments; by default those of the process.

    Returns
    -------
    int
        0 done, or the gradient is right; 1 it is wrong; 2 bad usage; 3 undecided; 130 interrupted;
        141 the reader of its output is gone.
    """
    for stream in (sys.stdout, sys.stderr):
        # A pipe or an old console may not know ∘; a replacement character beats a traceback.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")
    try:
        from softgrad.cli.app import run
    except MissingExtra as missing:
        print(f"softgrad: {missing}", file=sys.stderr)
        return USAGE
    return run(sys.argv[1:] if argv is None else argv)
