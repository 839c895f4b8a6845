"""One computation in a library: run by the survey, and written down for whoever doubts it."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from softgrad.check.reproduce.source import extracted
from softgrad.errors import ArgumentError
from softgrad.survey.dialects import Dialect
from softgrad.survey.library import Call, Library

__all__ = ["Program", "release"]

_GIVEN = "_given"


@dataclass(frozen=True, eq=False)
class Program:
    """A call with its arguments, and the derivative that is asked for.

    Parameters
    ----------
    library, call
        What is called.
    order
        The value or which derivative.
    dtype
        The dtype of the floating arrays.
    memory
        The memory layout of the first argument; empty for the usual one.
    arguments
        The call's arguments by name, arrays in NumPy, the first one that by which it is
        differentiated.
    directions
        The upstream gradient ``g`` and the tangent ``t``.
    """

    library: Library
    call: Call
    order: str
    dtype: str
    memory: str
    arguments: Mapping[str, Any]
    directions: Mapping[str, np.ndarray]

    def run(self) -> np.ndarray:
        """Return what the library gives, as float64."""
        space = dict(_imported(self.library.dialect.imports))
        space[self.call.function.__name__] = self.call.function
        space[_GIVEN] = self._arrays
        exec(_compiled(self._body(lambda name: f"{_GIVEN}[{name!r}]")), space)
        return np.asarray(space["claimed"], dtype=np.float64)

    def text(self, title: str, index: tuple[int, ...], true: float) -> str:
        """Return the program, which prints the claimed and the true number at an index."""
        says = self.library.dialect
        lines, _ = _source(self.call.function)
        imports = dict.fromkeys(["import numpy as np", *says.imports])
        imports |= dict.fromkeys(line for line in lines if line.startswith("import "))
        rest = [line for line in lines if line not in imports]
        place = f"[{', '.join(map(str, index))}]" if index else ""
        return "\n\n".join(
            [
                "\n".join(textwrap.wrap(title, 96, initial_indent="# ", subsequent_indent="# ")),
                "\n".join(imports),
                *(f"\n{line}" for line in rest),
                "\n" + self._body(lambda name: _literal(self._arrays[name])),
                f'print("claimed", claimed{place})\nprint("true   ", {_number(true)})\n',
            ]
        )

    @property
    def _arrays(self) -> dict[str, Any]:
        given = {k: v for k, v in self.arguments.items() if isinstance(v, np.ndarray)}
        asked = {"vjp": ("g",), "jvp": ("t",), "second": ("g", "t")}.get(self.order, ())
        given |= {name: self.directions[name] for name in asked}
        # as nested lists would be, which have no memory layout
        return {name: np.array(array, order="C") for name, array in given.items()}

    def _body(self, text: Callable[[str], str]) -> str:
        """Return the lines, with ``text`` saying what stands for each array's numbers."""
        says, (primary, *_) = self.library.dialect, self.arguments
        lines = []
        for name, array in self._arrays.items():
            dtype = {"b": "bool", "i": says.integer}.get(array.dtype.kind, self.dtype)
            own = "x" if name == primary else name
            lines.append(f"{own} = {says.array.format(values=text(name), dtype=dtype)}")
        if self.memory:
            lines.append(f"x = {says.layouts[self.memory]}")
        others = [
            f"{name}={name if isinstance(value, np.ndarray) else repr(value)}"
            for name, value in self.arguments.items()
            if name != primary
        ]
        called = f"{self.call.function.__name__}({', '.join(['x', *others])})"
        lines += ["", "", "def f(x):", f"    return {called}", "", ""]
        lines += [says.orders[self.order], f"claimed = {says.host}"]
        body = "\n".join(lines)
        if not says.context:
            return body
        context = says.context.format(wide=self.dtype == "float64")
        return f"{context}\n{textwrap.indent(body, '    ')}"


def release(dialect: Dialect) -> None:
    """Free what the library keeps of calls that are over."""
    exec(dialect.release, dict(_imported(dialect.imports)))


@lru_cache
def _imported(lines: tuple[str, ...]) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec("\n".join(["import numpy as np", *lines]), space)
    return space


@lru_cache(maxsize=512)
def _compiled(body: str) -> Any:
    return compile(body, "<survey>", "exec")


@lru_cache
def _source(function: Callable) -> tuple[tuple[str, ...], str]:
    found = extracted(function)
    if found is None:
        raise ArgumentError(
            f"{function.__qualname__} of {function.__module__} cannot be copied into a program: "
            "let it be a plain function that needs modules, numbers and such functions only"
        )
    return found


def _literal(array: np.ndarray) -> str:
    text = repr(array.tolist())
    return text.replace("inf", "np.inf").replace("nan", "np.nan")


def _number(value: float) -> str:
    return _literal(np.asarray(value, dtype=np.float64))
