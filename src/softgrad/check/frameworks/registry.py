"""Which library an array belongs to, and how that library is loaded."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from softgrad.check.frameworks.frame import Frame
from softgrad.errors import ArgumentError, ArgumentTypeError, MissingExtra

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "frame_named", "frame_of"]

GROUP = "softgrad.frameworks"
"""The entry points by which other packages add an array library.

The name is the root module of the arrays' type, the value a :class:`Frame` class or a function
without arguments that returns a frame::

    [project.entry-points."softgrad.frameworks"]
    cupy = "softgrad_cupy:Cupy"
"""

_OWN = {  # by name: the class here, and the library as its authors write it
    "numpy": ("NumPy", "NumPy"),
    "torch": ("Torch", "PyTorch"),
    "jax": ("Jax", "JAX"),
    "tensorflow": ("TensorFlow", "TensorFlow"),
    "tinygrad": ("Tinygrad", "tinygrad"),
    "autograd": ("Autograd", "autograd"),
}
_ROOTS = {"torch": "torch", "jax": "jax", "jaxlib": "jax"} | {
    name: name for name in ("tensorflow", "tinygrad")
}
"""The library by the root module of its arrays' types; autograd's arrays are NumPy's."""

_PLAIN = {"builtins", "numpy", "ml_dtypes"}


def frame_of(values: Iterable[Any]) -> Frame:
    """Return the library of the arrays among ``values``; NumPy where none is another's.

    A value of no known kind may be a container of a library that has been imported.
    """
    kinds = {type(value): value for value in values}
    roots = {root for kind in kinds for root in _roots(kind)}
    for root, name in _ROOTS.items():
        if root in roots:
            return frame_named(name)
    for root in sorted(roots - {*_PLAIN, *_ROOTS}):
        if root in _added():
            return _loaded(_added()[root])
    strange = [value for kind, value in kinds.items() if not _roots(kind) <= _PLAIN]
    for name in dict.fromkeys(_ROOTS.values()):
        if strange and name in sys.modules:
            frame = frame_named(name)
            if any(frame.opened(value) is not None for value in strange):
                return frame
    return frame_named("numpy")


@lru_cache
def _roots(kind: type) -> frozenset[str]:
    return frozenset(base.__module__.partition(".")[0] for base in kind.__mro__)


def frame_named(name: str) -> Frame:
    """Return the library of that name.

    Raises
    ------
    ArgumentError
        If there is none, or the one that another package adds cannot be used.
    MissingExtra
        If it is not installed.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"framework must be a name; got {type(name).__name__}")
    if name in _OWN:
        return _own(name)
    if name in _added():
        return _loaded(_added()[name])
    known = ", ".join([*_OWN, *sorted(_added())])
    raise ArgumentError(f"framework must be one of {known}; got {name!r}")


@lru_cache
def _own(name: str) -> Frame:
    kind, title = _OWN[name]
    try:
        return getattr(import_module(f"softgrad.check.frameworks.{name}"), kind)()
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != name:
            raise
        raise MissingExtra(f"framework {name!r}", title, name) from None


@lru_cache
def _added() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # slow to import, seldom needed

    return {point.name: point for point in entry_points(group=GROUP)}


@lru_cache
def _loaded(point: "EntryPoint") -> Frame:
    where = f"the framework {point.name!r} that {point.value} adds"
    try:
        frame = point.load()()
    except Exception as error:
        raise ArgumentError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(frame, Frame):
        raise ArgumentError(f"{where} must be a softgrad.check.frameworks.Frame; it is {frame!r}")
    return frame
