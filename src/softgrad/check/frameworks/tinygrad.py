"""tinygrad: lazy tensors, differentiated by ``Tensor.gradient``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from softgrad.check.frameworks.frame import Frame

__all__ = ["Tinygrad"]

_DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64"),
)


class Tinygrad(Frame):
    """Tensors on any device that has float64."""

    name = "tinygrad"

    def __init__(self) -> None:
        import tinygrad

        self.tensor, self.dtypes = tinygrad.Tensor, tinygrad.dtypes
        self.names = {getattr(tinygrad.dtypes, name): name for name in _DTYPES}

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor."""
        return isinstance(value, self.tensor)

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name as NumPy has it."""
        return self.names.get(value.dtype, value.dtype.name)

    def host(self, value: Any) -> np.ndarray:
        """Return the tensor in NumPy, once it is computed."""
        return value.numpy()

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a tensor in the dtype of that name."""
        device = None if beside is None else beside.device
        made = self.tensor(np.ascontiguousarray(values), device=device)
        made = made.cast(getattr(self.dtypes, dtype))
        return made.reshape(values.shape).contiguous().realize()

    @contextmanager
    def frozen(self) -> Iterator[Callable[[], None]]:
        """Yield a function that seeds the generators; on leaving, they go on as before."""
        names = ("_seed", "_device_seeds", "_device_rng_counters")
        before = {name: getattr(self.tensor, name) for name in names if hasattr(self.tensor, name)}
        try:
            yield lambda: self.tensor.manual_seed(0)
        finally:
            for name, value in before.items():
                setattr(self.tensor, name, value)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the gradient of ⟨g, outputs⟩."""
        outputs = f(*xs)

        def pull(g: list[Any]) -> Sequence[Any]:
            parts = [(out * each).sum() for out, each in zip(outputs, g, strict=True)]
            return sum(parts[1:], parts[0]).gradient(*xs)

        return outputs, pull
