"""A function of pytrees as a jaxpr, in float64 if it takes that."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from softgrad.check.frameworks import frame_named
from softgrad.check.subject.binding import input_names
from softgrad.check.subject.tree import grafted, walk
from softgrad.errors import ArgumentError

__all__ = ["Traced", "traced"]

MODEL = "model"
"""What the arrays are said to belong to that a callable pytree holds itself."""


@dataclass(frozen=True)
class Traced:
    """A function of named arrays.

    Parameters
    ----------
    jaxpr
        The function, traced with ``arrays``.
    arrays
        The example.
    function
        Takes the arrays by name and returns the floating outputs.
    wide
        Whether it was traced in float64.
    """

    jaxpr: Any
    arrays: Mapping[str, Any]
    function: Callable[[Mapping[str, Any]], list[Any]]
    wide: bool

    @property
    def floating(self) -> tuple[str, ...]:
        """The names of the arrays that are differentiated."""
        return tuple(name for name, value in self.arrays.items() if _is_floating(value))

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Return a context in which it may be run."""
        with jax.enable_x64(True) if self.wide else nullcontext():
            yield


def traced(model: Callable, args: tuple, kwargs: Mapping[str, Any], loss: Any) -> Traced:
    """Trace ``loss(model(*args, **kwargs))``; arrays are arguments, all else is as it is."""
    frame = frame_named("jax")
    names = input_names(model, len(args))
    given = dict(zip(names, args, strict=True)) | dict(kwargs)
    own = MODEL if frame.opened(model) is not None else None
    tops = given if own is None else {own: model, **given}
    pairs = [pair for name, value in tops.items() for pair in walk(frame, name, value)]
    arrays = {name: leaf for name, leaf in pairs if isinstance(leaf, (jax.Array, np.ndarray))}
    if not any(map(_is_floating, arrays.values())):
        raise ArgumentError(
            "the inputs hold no floating array, so there is no derivative to audit; give the "
            "parameters as an argument, or the model as a pytree"
        )

    def function(held: Mapping[str, Any]) -> list[Any]:
        built = {
            n: grafted(frame, n, v, lambda p, leaf: held.get(p, leaf)) for n, v in tops.items()
        }
        run = model if own is None else built.pop(own)
        output = run(*(built[name] for name in names), **{name: built[name] for name in kwargs})
        leaves = jax.tree_util.tree_leaves(output if loss is None else loss(output))
        return [leaf for leaf in leaves if hasattr(leaf, "dtype") and _is_floating(leaf)]

    wide = {name: _widened(value) for name, value in arrays.items()}
    try:
        with jax.enable_x64(True):
            arrays_wide = {name: jnp.asarray(value) for name, value in wide.items()}
            return Traced(jax.make_jaxpr(function)(arrays_wide), arrays_wide, function, True)
    except (TypeError, ValueError):  # something in the function insists on float32
        arrays = {name: jnp.asarray(value) for name, value in arrays.items()}
        return Traced(jax.make_jaxpr(function)(arrays), arrays, function, False)


def _is_floating(value: Any) -> bool:
    return jnp.issubdtype(value.dtype, jnp.inexact)


def _widened(value: Any) -> Any:
    real = jnp.issubdtype(value.dtype, jnp.floating)
    return np.asarray(value, np.float64) if real else value
