"""A user's script, run as Python runs it, as often as an audit needs it."""

import ast
import io
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

__all__ = ["Script", "framework_of"]


class Script:
    """A script as a function without arguments.

    What it prints goes to stderr the first time, for stdout is the report's, and nowhere later.
    """

    def __init__(self, path: str, arguments: Sequence[str]) -> None:
        self.path, self.arguments = path, arguments
        self._seen = False

    def __call__(self) -> None:
        """Run it to its end."""
        out = io.StringIO() if self._seen else sys.stderr
        self._seen = True
        with self._at_home(), redirect_stdout(out):
            try:
                runpy.run_path(self.path, run_name="__main__")
            except SystemExit:
                return

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        argv, path = sys.argv, list(sys.path)
        sys.argv = [self.path, *self.arguments]
        sys.path.insert(0, str(Path(self.path).resolve().parent))
        try:
            yield
        finally:
            sys.argv, sys.path[:] = argv, path


def framework_of(path: str) -> str:
    """Return ``"jax"`` for a script that imports it and not torch, else ``"torch"``."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError):
        return "torch"
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.Import)]
    named = {alias.name.partition(".")[0] for each in imports for alias in each.names}
    named |= {
        (each.module or "").partition(".")[0]
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom)
    }
    return "jax" if "jax" in named and "torch" not in named else "torch"
