"""The libraries that can be surveyed: ours and those that other packages add."""

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from softgrad.errors import ArgumentError
from softgrad.survey.library import Library

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "known", "library_named"]

GROUP = "softgrad.survey"
"""The entry points by which other packages add a library.

The name is what ``--library`` takes, the value a :class:`Library` or a function without arguments
that returns one::

    [project.entry-points."softgrad.survey"]
    mylib = "mylib.conformance:LIBRARY"
"""

_OWN = (
    *("scipy", "torch", "jax", "optax", "tensorflow", "keras", "tinygrad", "autograd"),
    *("entmax", "onnxruntime", "transformers", "timm"),
)


def known() -> tuple[str, ...]:
    """Return the names of all libraries, installed or not."""
    return (*_OWN, *(name for name in sorted(_added()) if name not in _OWN))


def library_named(name: str) -> Library | None:
    """Return the library of that name; ``None`` where it is not installed.

    Raises
    ------
    ArgumentError
        If there is none, or the one that another package adds cannot be used.
    """
    if name in _OWN:
        return _own(name)
    if name in _added():
        return _loaded(_added()[name])
    raise ArgumentError(f"library must be one of {', '.join(known())}; got {name!r}")


@lru_cache
def _own(name: str) -> Library | None:
    try:
        return import_module(f"softgrad.survey.libraries.{name}").LIBRARY
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("softgrad"):
            raise
        return None


@lru_cache
def _added() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # slow to import, seldom needed

    return {point.name: point for point in entry_points(group=GROUP)}


@lru_cache
def _loaded(point: "EntryPoint") -> Library:
    where = f"the library {point.name!r} that {point.value} adds"
    try:
        found = point.load()
        library = found if isinstance(found, Library) else found()
    except Exception as error:
        raise ArgumentError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(library, Library):
        raise ArgumentError(f"{where} must be a softgrad.survey.Library; it is {library!r}")
    return library
