"""TensorFlow: the derivative is GradientTape's, through functions and custom gradients."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from softgrad.check.frameworks.frame import Frame

__all__ = ["TensorFlow"]


class TensorFlow(Frame):
    """Eager tensors and variables; gradients that are indexed slices are made dense."""

    name = "tensorflow"

    def __init__(self) -> None:
        import tensorflow

        self.tf = tensorflow
        self.kinds = (tensorflow.Tensor, tensorflow.Variable, tensorflow.IndexedSlices)

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor, a variable or indexed slices."""
        return isinstance(value, self.kinds)

    def host(self, value: Any) -> np.ndarray:
        """Return the tensor in NumPy."""
        return np.asarray(self.tf.convert_to_tensor(value).numpy())

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a tensor in the dtype of that name, or a variable where ``beside`` is one."""
        made = self.tf.constant(values.astype(self.tf.as_dtype(dtype).as_numpy_dtype))
        if isinstance(beside, self.tf.Variable):
            return self.tf.Variable(made, trainable=beside.trainable)
        return made

    @contextmanager
    def frozen(self) -> Iterator[Callable[[], None]]:
        """Yield a function that sets the global seed; on leaving, the seed is set as before."""
        from tensorflow.python.eager.context import global_seed

        seed = global_seed()
        try:
            yield lambda: self.tf.random.set_seed(0 if seed is None else seed)
        finally:
            self.tf.random.set_seed(seed)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the gradients of a tape."""
        with self.tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(xs)
            outputs = f(*xs)
        return outputs, lambda g: [self._dense(each) for each in tape.gradient(outputs, xs, g)]

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return the derivative of ``ForwardAccumulator``."""
        with self.tf.autodiff.ForwardAccumulator(xs, ts) as accumulator:
            outputs = f(*xs)
        return accumulator.jvp(outputs, unconnected_gradients=self.tf.UnconnectedGradients.ZERO)

    def _dense(self, gradient: Any) -> Any:
        return None if gradient is None else self.tf.convert_to_tensor(gradient)
