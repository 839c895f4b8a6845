"""What is checked, seen uniformly: a flat float64 vector in, a flat float64 vector out."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame
from softgrad.check.precision import epsilon
from softgrad.check.report.report import Tally
from softgrad.check.subject.claims import Claim, PushClaim, Upstream
from softgrad.check.subject.quiet import CodeRaised, run
from softgrad.check.subject.tree import leaves

__all__ = ["Gradient", "Subject"]

Shape = tuple[int, ...]


@dataclass
class Gradient:
    """The claimed gradient at one point for one upstream gradient.

    Parameters
    ----------
    flat
        All entries in order of the inputs, float64; 0 for a missing gradient.
    dtypes
        The dtype's name by input, ``None`` for a missing gradient.
    misshapen
        Shapes that are not their input's.
    touched
        What was written into.
    """

    flat: np.ndarray
    dtypes: dict[str, str | None]
    misshapen: dict[str, tuple[np.ndarray, Shape]] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)


class Subject:
    """A function at a point, with the derivative somebody claims for it.

    Parameters
    ----------
    frame
        The array library.
    function
        Takes the inputs by name and returns what the user's function returns.
    claim
        The derivative under check.
    inputs
        Arrays and parameters by name.
    wrt
        The differentiable ones.
    tally
        Counts evaluations, over all subjects derived from this one.
    restore
        Puts the global random state back; called before every evaluation.
    """

    def __init__(
        self,
        frame: Frame,
        function: Callable[[Mapping[str, Any]], Any],
        claim: Claim,
        inputs: Mapping[str, Any],
        wrt: tuple[str, ...],
        tally: Tally,
        restore: Callable[[], None],
        layout: str | None = None,
    ) -> None:
        self.frame, self.function, self.claim = frame, function, claim
        self.inputs, self.wrt = dict(inputs), wrt
        self.tally, self.restore, self.layout = tally, restore, layout
        self.arrays = {name: frame.to_numpy(inputs[name]) for name in wrt}
        self.shapes: dict[str, Shape] = {name: a.shape for name, a in self.arrays.items()}
        self.x = _flat(self.arrays.values())
        self.outputs: list[tuple[Shape, str]] = []

    def replace(
        self, inputs: Mapping[str, Any] | None = None, *, layout: str | None = None
    ) -> "Subject":
        """Return the same function and claim at another point."""
        return Subject(
            self.frame,
            self.function,
            self.claim,
            {**self.inputs, **(inputs or {})},
            self.wrt,
            self.tally,
            self.restore,
            layout,
        )

    # -- the flat view ------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """The number of differentiable entries."""
        return self.x.size

    @property
    def slices(self) -> dict[str, slice]:
        """Where each input lies in the flat vector."""
        return _slices(self.shapes)

    @property
    def output_slices(self) -> list[slice]:
        """Where each floating output lies in the flat output."""
        return list(_slices({str(i): shape for i, (shape, _) in enumerate(self.outputs)}).values())

    def split(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Return a flat vector over the inputs as arrays by name."""
        return {name: flat[s].reshape(self.shapes[name]) for name, s in self.slices.items()}

    def split_output(self, flat: np.ndarray) -> Upstream:
        """Return a flat vector over the outputs as arrays."""
        pairs = zip(self.output_slices, self.outputs, strict=True)
        return [flat[s].reshape(shape) for s, (shape, _) in pairs]

    @property
    def eps_in(self) -> float:
        """The unit roundoff of the coarsest differentiable input."""
        return max(epsilon(self.frame.dtype_name(self.inputs[name])) for name in self.wrt)

    @property
    def eps_out(self) -> float:
        """The unit roundoff of the coarsest floating output."""
        return max((epsilon(dtype) for _, dtype in self.outputs), default=2.0**-52)

    # -- evaluation ---------------------------------------------------------------------------

    def native(self, x: np.ndarray | None = None, *, wide: bool = False) -> dict[str, Any]:
        """Return fresh inputs as the user's code takes them."""
        values = self.arrays if x is None else self.split(x)
        inputs: dict[str, Any] = {}
        for name, given in self.inputs.items():
            if name in values:
                fresh = self.frame.like(values[name], given, wide=wide)
                inputs[name] = self.frame.relayout(fresh, self.layout) if self.layout else fresh
            elif self.frame.is_array(given):
                inputs[name] = self.frame.like(self.frame.to_numpy(given), given, wide=wide)
            else:
                inputs[name] = given
        return inputs

    def quantise(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` rounded to the inputs' dtypes."""
        rounded = [
            self.frame.to_numpy(self.frame.like(v, self.inputs[name])).ravel()
            for name, v in self.split(x).items()
        ]
        return np.concatenate(rounded) if rounded else x

    def forward(self, x: np.ndarray | None = None, *, wide: bool = False) -> np.ndarray:
        """Return the floating outputs, flat."""
        self.tally.forward += 1
        self.restore()
        with self._width(wide):
            outputs = self.call(self.native(x, wide=wide))
            kept = [out for out in outputs if self.frame.counts(out)]
            arrays = [self._array(out) for out in kept]
        layout = [(a.shape, self._dtype(out)) for a, out in zip(arrays, kept, strict=True)]
        if not self.outputs:
            self.outputs = layout
        elif [shape for shape, _ in layout] != [shape for shape, _ in self.outputs]:
            raise CodeRaised("the function", ValueError("the output's shape depends on values"))
        return _flat(arrays)

    def call(self, inputs: Mapping[str, Any], *, raw: bool = False) -> Any:
        """Run the user's function; a tuple of its output's leaves unless ``raw``."""
        y = run("the function", self.function, inputs)
        if raw:
            return y
        return tuple(leaves(self.frame, y))

    def pull(self, g: np.ndarray, x: np.ndarray | None = None, *, wide: bool = False) -> Gradient:
        """Return the claimed gradient of ⟨g, f⟩."""
        self.tally.backward += 1
        self.restore()
        with self._width(wide):
            inputs = self.native(x, wide=wide)
            pulled = self.claim.pull(self.call, inputs, self.wrt, self.split_output(g))
            flat = np.zeros(self.n)
            gradient = Gradient(flat, {}, {}, pulled.touched)
            for name, where in self.slices.items():
                found = pulled.gradients[name]
                gradient.dtypes[name] = None if found is None else self._dtype(found)
                if found is None:
                    continue
                values = self._array(found)
                if values.shape == self.shapes[name]:
                    flat[where] = values.ravel()
                else:
                    gradient.misshapen[name] = (values, values.shape)
        return gradient

    def push(self, t: np.ndarray) -> np.ndarray:
        """Return the claimed change of the output along ``t``: forward mode."""
        self.tally.backward += 1
        self.restore()
        inputs, tangents = self.native(), self.split(t)
        if isinstance(self.claim, PushClaim):
            return _flat(self.claim.push(self.call, inputs, tangents))
        return _flat(run("forward mode", self.frame.push, self.call, inputs, tangents))

    def second(self, g: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the library's own second derivative along ``t``."""
        self.tally.backward += 2
        self.restore()
        upstream, tangents = self.split_output(g), self.split(t)
        found = run(
            "the second derivative", self.frame.second, self.call, self.native(), upstream, tangents
        )
        return _flat(found[name] for name in self.wrt)

    def _width(self, wide: bool) -> Any:
        return self.frame.widened() if wide else nullcontext()

    def _array(self, value: Any) -> np.ndarray:
        if self.frame.is_array(value):
            return self.frame.to_numpy(value)
        return np.asarray(value)

    def _dtype(self, value: Any) -> str:
        if self.frame.is_array(value):
            return self.frame.dtype_name(value)
        return np.asarray(value).dtype.name


def _flat(arrays: Any) -> np.ndarray:
    parts = [np.ravel(np.asarray(a)).astype(np.float64) for a in arrays]
    return np.concatenate(parts) if parts else np.zeros(0)


def _slices(shapes: Mapping[str, Shape]) -> dict[str, slice]:
    found, start = {}, 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        found[name] = slice(start, stop)
        start = stop
    return found
