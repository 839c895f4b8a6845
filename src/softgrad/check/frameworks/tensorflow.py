"""TensorFlow: the derivative is GradientTape's, through tf.function and tf.custom_gradient."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager.context import global_seed

from softgrad.check.frameworks.frame import Frame

__all__ = ["TensorFlow"]

_ARRAYS = (tf.Tensor, tf.Variable, tf.IndexedSlices)


class TensorFlow(Frame):
    """Eager tensors and variables; gradients that are indexed slices are made dense."""

    name = "tensorflow"

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor, a variable or indexed slices."""
        return isinstance(value, _ARRAYS)

    def host(self, value: Any) -> np.ndarray:
        """Return the tensor in NumPy."""
        return np.asarray(tf.convert_to_tensor(value).numpy())

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a tensor in the dtype of that name, or a variable where ``beside`` is one."""
        made = tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype))
        if isinstance(beside, tf.Variable):
            return tf.Variable(made, trainable=beside.trainable)
        return made

    @contextmanager
    def frozen(self) -> Iterator[Callable[[], None]]:
        """Yield a function that sets the global seed; on leaving, the seed is set as before."""
        seed = global_seed()
        try:
            yield lambda: tf.random.set_seed(0 if seed is None else seed)
        finally:
            tf.random.set_seed(seed)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the gradients of a tape."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(xs)
            outputs = f(*xs)
        return outputs, lambda g: [_dense(each) for each in tape.gradient(outputs, xs, g)]

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return the derivative of ``ForwardAccumulator``."""
        with tf.autodiff.ForwardAccumulator(xs, ts) as accumulator:
            outputs = f(*xs)
        return accumulator.jvp(outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _dense(gradient: Any) -> Any:
    return None if gradient is None else tf.convert_to_tensor(gradient)
