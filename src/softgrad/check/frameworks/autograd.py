"""HIPS autograd: on NumPy arrays, so found by name only; while it traces, boxes are arrays."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd.builtins import tuple as boxed_tuple
from autograd.core import make_jvp, make_vjp
from autograd.extend import Box
from autograd.numpy.numpy_boxes import ArrayBox

from softgrad.check.frameworks.numpy import NumPy

__all__ = ["Autograd"]


class Autograd(NumPy):
    """NumPy arrays, differentiated by autograd."""

    name = "autograd"
    differentiates = True
    conjugate = False

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is an array, or a box around one."""
        return isinstance(value, ArrayBox) or super().is_array(value)

    def counts(self, value: Any) -> bool:
        """Return whether ``value`` is an output with a derivative."""
        return isinstance(value, Box) or super().counts(value)

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and the pullback of ``make_vjp``."""
        pull, outputs = make_vjp(_of_tuple(f), boxed_tuple(xs))
        return tuple(outputs), lambda g: pull(boxed_tuple(g))

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return the derivative of ``make_jvp``."""
        _, found = make_jvp(_of_tuple(f), boxed_tuple(xs))(boxed_tuple(ts))
        return tuple(found)


def _of_tuple(f: Callable) -> Callable:
    """Return f as a function of one tuple to one, which autograd differentiates whole."""
    return lambda xs: boxed_tuple(f(*xs))
