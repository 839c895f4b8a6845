"""tinygrad: lazy tensors, differentiated by ``Tensor.gradient``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes

from softgrad.check.frameworks.frame import Frame

__all__ = ["Tinygrad"]

_NAMES = {
    getattr(dtypes, name): name
    for name in (
        *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
        *("float16", "bfloat16", "float32", "float64"),
    )
}


class Tinygrad(Frame):
    """Tensors on any device that has float64."""

    name = "tinygrad"

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor."""
        return isinstance(value, Tensor)

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name as NumPy has it."""
        return _NAMES.get(value.dtype, value.dtype.name)

    def host(self, value: Any) -> np.ndarray:
        """Return the tensor in NumPy, once it is computed."""
        return value.numpy()

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a tensor in the dtype of that name."""
        device = None if beside is None else beside.device
        made = Tensor(np.ascontiguousarray(values), device=device).cast(getattr(dtypes, dtype))
        return made.reshape(values.shape).contiguous().realize()

    @contextmanager
    def frozen(self) -> Iterator[Callable[[], None]]:
        """Yield a function that seeds the generators; on leaving, they go on as before."""
        names = ("_seed", "_device_seeds", "_device_rng_counters")
        before = {name: getattr(Tensor, name) for name in names if hasattr(Tensor, name)}
        try:
            yield lambda: Tensor.manual_seed(0)
        finally:
            for name, value in before.items():
                setattr(Tensor, name, value)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the gradient of ⟨g, outputs⟩."""
        outputs = f(*xs)

        def pull(g: list[Any]) -> Sequence[Any]:
            parts = [(out * each).sum() for out, each in zip(outputs, g, strict=True)]
            return sum(parts[1:], parts[0]).gradient(*xs)

        return outputs, pull
