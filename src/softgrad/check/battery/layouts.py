"""Rows on memory: the same values, stored another way."""

from collections.abc import Callable, Iterator
from typing import Any

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.subject.claims import FrameworkClaim

__all__ = ["LAYOUTS"]

_KINDS = {
    "fortran": "in Fortran order",
    "strided": "every other element of an array",
    "reversed": "reversed in memory",
    "offset": "a slice that starts inside an array",
}
_VIEWS: dict[str, Callable[[Any], Any]] = {
    "a transposed view": lambda y: y.swapaxes(0, -1).reshape(-1),
    "broadcast (stride 0)": lambda y: y.sum(0),
}
_WIDE = 1e-12
_ONE_LAYOUT = ("jax", "tensorflow", "tinygrad")
_NO_NEGATIVE_STRIDES = ("torch",)


def _layouts(example: Example) -> Iterator[Variant]:
    subject = example.subject
    library = subject.frame.name
    if library in _ONE_LAYOUT:
        return
    deep = any(len(shape) > 1 for shape in subject.shapes.values())
    for kind, told in _KINDS.items():
        if (kind == "reversed" and library in _NO_NEGATIVE_STRIDES) or (
            kind == "fortran" and not deep
        ):
            continue
        which = subject.wrt[0] if len(subject.wrt) == 1 else "an input"
        yield Variant(f"{which} is {told}", subject.replace(layout=kind), "ignores_strides")


def _upstreams(example: Example) -> Iterator[Variant]:
    """Follow the function by one whose own derivative hands it a view."""
    subject = example.subject
    own = isinstance(subject.claim, FrameworkClaim) and subject.frame.name not in _ONE_LAYOUT
    if not own or any(len(shape) < 2 for shape in example.shapes):
        return
    for told, view in _VIEWS.items():
        followed = subject.replace()
        followed.function = _followed(subject.function, view)
        yield Variant(f"the upstream gradient is {told}", followed, "ignores_strides")


def _followed(function: Callable, view: Callable) -> Callable:
    def call(inputs: Any) -> Any:
        y = function(inputs)
        return tuple(map(view, y)) if isinstance(y, (tuple, list)) else view(y)

    return call


def _wider(example: Example) -> Iterator[Variant]:
    """Widen every floating input, where the function then returns float64."""
    subject = example.subject
    if subject.eps_in < _WIDE or subject.frame.name in _ONE_LAYOUT:
        return
    if (widened := subject.in_float64()) is not None:
        yield Variant("the inputs are float64", widened)


LAYOUTS: tuple[Row, ...] = (
    Row("memory layouts", _layouts),
    Row("upstream layouts", _upstreams),
    Row("float64", _wider),
)
