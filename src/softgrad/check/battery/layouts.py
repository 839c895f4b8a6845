"""Rows on memory layouts: the same values, stored another way."""

from collections.abc import Iterator

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["LAYOUTS"]

_KINDS = {
    "fortran": "in Fortran order",
    "strided": "every other element of an array",
    "reversed": "reversed in memory",
    "offset": "a slice that starts inside an array",
}
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


LAYOUTS: tuple[Row, ...] = (Row("memory layouts", _layouts),)
