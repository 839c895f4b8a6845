"""Choose how to run a member by the type of the arrays; no framework is imported to do so."""

from importlib import import_module

from softgrad._array import Array, framework
from softgrad.declare.graph import Solve

__all__ = ["solver_for"]


def solver_for(x: Array) -> Solve:
    """Return the ``solve`` of the library that ``x`` belongs to."""
    return import_module(f"softgrad.backends.{framework(x)}").solve
