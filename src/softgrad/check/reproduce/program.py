"""The text of a program, and what running it gives."""

import contextlib
import io
import re
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.check.reproduce.libraries import Library
from softgrad.check.reproduce.origin import Origin
from softgrad.check.subject.layers import copied

__all__ = ["Program"]

_MANY_BLANKS = re.compile(r"\n{4,}")
_UNKNOWN = 'sys.exit("{0} cannot be imported: put its definition in place of this line")'


@dataclass(frozen=True)
class Program:
    """A program: imports, the checked functions, definitions, and what is compared.

    Parameters
    ----------
    title
        The first line.
    library
        The array library.
    origins
        The checked functions by name, each with where another program gets it from.
    definitions, body
        The rest.
    """

    title: str
    library: Library
    origins: tuple[tuple[str, Any, Origin | None], ...]
    definitions: str
    body: str

    @property
    def text(self) -> str:
        """The whole program."""
        lines = [f'"""{self.title}"""', "", "import sys", ""]
        lines += ["import numpy as np", *self.library.imports, ""]
        for name, _, origin in self.origins:
            got = [_UNKNOWN.format(name)] if origin is None else _obtained(name, origin)
            lines += [line for line in map(_set_apart, got) if line not in lines]
        return _MANY_BLANKS.sub("\n\n\n", "\n".join([*lines, "", self.library.setup + self._run]))

    @property
    def _run(self) -> str:
        """What comes after the imports."""
        return f"{self.definitions}\n\n{self.body}"

    def shows(self) -> bool:
        """Return whether it exits with 1 when run here.

        A function that another program would import is taken as it is: importing it again might
        run code. One that is copied is taken from its copy; an object runs as a copy of its own.
        """
        space: dict[str, Any] = {"np": np, "__name__": "snippet"}
        exec("\n".join(["import sys", *self.library.imports]), space)
        for name, found, origin in self.origins:
            if origin is not None and origin.copied:
                exec("\n".join(_obtained(name, origin)), space)
            else:
                space[name] = copied(found)
        run = self._run
        if self.library.context:
            run = f"{self.library.context}\n{textwrap.indent(run, '    ')}"
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(run, space)
            except SystemExit as left:
                return left.code == 1
            except Exception:  # this way of calling the code may not be one that it can bear
                return False
        return False


def _set_apart(lines: str) -> str:
    """Return a definition with empty lines around it, any other line as it is."""
    return f"\n\n{lines}\n\n" if lines.startswith(("def ", "class ")) else lines


def _obtained(name: str, origin: Origin) -> list[str]:
    if origin.lines and origin.lines[-1].endswith(f" import {origin.expression}"):
        renamed = "" if origin.expression == name else f" as {name}"
        return [*origin.lines[:-1], origin.lines[-1] + renamed]
    return [*origin.lines, f"{name} = {origin.expression}"]
