"""JAX: the derivative is JAX's own, through whatever custom rules the function has."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from softgrad.check.frameworks.frame import Frame, Inputs, Node

__all__ = ["Jax"]


class Jax(Frame):
    """JAX arrays."""

    name = "jax"
    conjugate = False

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a JAX array."""
        return isinstance(value, jax.Array)

    def host(self, value: Any) -> np.ndarray:
        """Return the array on the host."""
        return np.asarray(value)

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return an array in the dtype of that name."""
        return jnp.array(values, dtype=dtype)

    def opened(self, value: Any) -> Node | None:
        """Return a registered pytree node, opened."""
        children, tree = jax.tree_util.tree_flatten(value, is_leaf=lambda each: each is not value)
        if jax.tree_util.treedef_is_leaf(tree):
            return None
        return Node.named(value, children, tree.unflatten)

    def widened(self) -> AbstractContextManager[Any]:
        """Return a context in which float64 is available."""
        return jax.enable_x64(True)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the pullback of ``jax.vjp``."""
        outputs, pull = jax.vjp(f, *xs)
        return outputs, lambda g: pull(tuple(g))

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return the derivative of ``jax.jvp``."""
        return jax.jvp(f, tuple(xs), tuple(ts))[1]

    def precision(self, inputs: Inputs) -> AbstractContextManager[Any]:
        """Return a context in which the inputs keep their dtypes."""
        names = (self.dtype_name(v) for v in inputs.values() if self.is_array(v))
        wide = any(name in ("float64", "complex128") for name in names)
        return self.widened() if wide else nullcontext()
