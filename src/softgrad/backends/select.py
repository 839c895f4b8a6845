"""Choose how to run a member by the type of the arrays; no framework is imported to do so."""

import sys
from functools import cache
from importlib import import_module

from softgrad._array import Array, framework
from softgrad.declare.graph import Solve

__all__ = ["compiling", "solver_for"]


def solver_for(x: Array, *, value_only: bool = False) -> Solve:
    """Return the ``solve`` of the library that ``x`` belongs to, or what is enough for a value."""
    return _solver(framework(x), value_only)


@cache
def _solver(library: str, value_only: bool) -> Solve:
    module = import_module(f"softgrad.backends.{library}")
    return getattr(module, "solve_value", module.solve) if value_only else module.solve


def compiling() -> bool:
    """Tell whether ``torch.compile`` is reading the program."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()
