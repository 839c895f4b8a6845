"""The first gradient that a program asks JAX for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import jax

__all__ = ["first_gradient"]

_ASKING = ("grad", "value_and_grad")


class _Reached(BaseException):
    """The program asks for a gradient."""


def first_gradient(program: Callable[[], Any]) -> tuple[Callable, tuple, dict] | None:
    """Run a program until it asks for a gradient; return the function and its arguments.

    Compilation is off meanwhile, so that arguments have values where a compiled step asks.
    """
    try:
        with _watched(), jax.disable_jit():
            program()
    except _Reached as reached:
        return reached.args[0]
    return None


@contextmanager
def _watched() -> Iterator[None]:
    originals = {name: getattr(jax, name) for name in _ASKING}
    for name, original in originals.items():
        setattr(jax, name, _reporting(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(jax, name, original)


def _reporting(original: Callable) -> Callable:
    @wraps(original)
    def asked(fun: Callable, *options: Any, **named: Any) -> Callable:
        transformed = original(fun, *options, **named)
        has_aux = named.get("has_aux", options[1] if len(options) > 1 else False)

        @wraps(fun)
        def called(*args: Any, **kwargs: Any) -> Any:
            leaves = jax.tree_util.tree_leaves((args, kwargs))
            if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
                return transformed(*args, **kwargs)
            raise _Reached((_first(fun) if has_aux else fun, args, kwargs))

        return called

    return asked


def _first(fun: Callable) -> Callable:
    @wraps(fun)
    def alone(*args: Any, **kwargs: Any) -> Any:
        return fun(*args, **kwargs)[0]

    return alone
