"""The text of a program, and what running it gives."""

import contextlib
import io
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.check.reproduce.libraries import Library
from softgrad.check.reproduce.origin import Origin
from softgrad.check.subject.layers import copied

__all__ = ["Program"]

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
            lines += [line for line in got if line not in lines]
        return "\n".join([*lines, "", self._run])

    @property
    def _run(self) -> str:
        whole = f"{self.definitions}\n\n{self.body}"
        if not self.library.context:
            return whole
        inside = textwrap.indent(whole, "    ")
        return f"{self.library.context}\n{inside}"

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
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(self._run, space)
            except SystemExit as left:
                return left.code == 1
        return False


def _obtained(name: str, origin: Origin) -> list[str]:
    if origin.lines and origin.lines[-1].endswith(f" import {origin.expression}"):
        renamed = "" if origin.expression == name else f" as {name}"
        return [*origin.lines[:-1], origin.lines[-1] + renamed]
    return [*origin.lines, f"{name} = {origin.expression}"]
