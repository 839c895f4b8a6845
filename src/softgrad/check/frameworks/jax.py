"""JAX: the derivative is JAX's own, through whatever custom rules the function has."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["Jax"]


class Jax:
    """JAX arrays."""

    name = "jax"

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a JAX array."""
        return isinstance(value, jax.Array)

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating array."""
        return self.is_array(value) and jnp.issubdtype(value.dtype, jnp.floating)

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name."""
        return value.dtype.name

    def to_numpy(self, value: Any) -> np.ndarray:
        """Return a copy on the host, float64 where floating."""
        array = np.asarray(value)
        return array.astype(np.float64) if self.is_floating(value) else array.copy()

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return ``values`` in the reference's dtype."""
        wide = wide and self.is_floating(reference)
        return jnp.asarray(np.asarray(values), dtype=jnp.float64 if wide else reference.dtype)

    def relayout(self, value: Any, kind: str) -> Any:
        """Return the array itself: JAX arrays have one layout."""
        return value

    def contiguous(self, value: Any) -> Any:
        """Return the array itself if it is contiguous, or a contiguous copy."""
        return value

    def widened(self) -> Any:
        """Return a context in which float64 is available."""
        return jax.enable_x64(True)

    def seeded(self) -> Callable[[], None]:
        """Return a function that does nothing: JAX has no global random state."""
        return lambda: None

    def pullback(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        wrt: Iterable[str],
        g: list[np.ndarray],
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the gradients of ``jax.vjp``."""
        names = list(wrt)
        with self._precision(inputs):
            outputs, pull = jax.vjp(self._closed(call, inputs, names), *(inputs[n] for n in names))
            return dict(zip(names, pull(_upstream(outputs, g)), strict=True)), []

    def push(
        self, call: Callable, inputs: Mapping[str, Any], tangents: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return the derivative of ``jax.jvp``."""
        names = list(tangents)
        xs = tuple(inputs[n] for n in names)
        with self._precision(inputs):
            ts = tuple(self.like(tangents[n], inputs[n]) for n in names)
            _, out = jax.jvp(self._closed(call, inputs, names), xs, ts)
        return [self.to_numpy(each) for each in out]

    def second(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        g: list[np.ndarray],
        tangents: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Return reverse over reverse's product with ``tangents``."""
        names = list(tangents)
        xs = tuple(inputs[n] for n in names)
        with self._precision(inputs):
            closed = self._closed(call, inputs, names)

            def gradients(*at: Any) -> Any:
                outputs, pull = jax.vjp(closed, *at)
                return pull(_upstream(outputs, g))

            _, pull = jax.vjp(gradients, *xs)
            found = pull(tuple(self.like(tangents[n], inputs[n]) for n in names))
        return {name: self.to_numpy(each) for name, each in zip(names, found, strict=True)}

    def saved_overwritten(self, call: Any, inputs: Any, wrt: Any, g: Any) -> bool:
        """JAX arrays cannot be overwritten."""
        return False

    def _closed(self, call: Callable, inputs: Mapping[str, Any], names: list[str]) -> Callable:
        def closed(*at: Any) -> tuple[Any, ...]:
            outputs = call({**inputs, **dict(zip(names, at, strict=True))})
            return tuple(
                out for out in outputs if jnp.issubdtype(jnp.result_type(out), jnp.floating)
            )

        return closed

    def _precision(self, inputs: Mapping[str, Any]) -> Any:
        wide = any(self.is_array(v) and v.dtype == jnp.float64 for v in inputs.values())
        return self.widened() if wide else nullcontext()


def _upstream(outputs: tuple[Any, ...], g: list[np.ndarray]) -> tuple[Any, ...]:
    return tuple(jnp.asarray(each, dtype=out.dtype) for out, each in zip(outputs, g, strict=True))
