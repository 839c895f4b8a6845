"""What is checked, seen uniformly: a flat float64 vector in, a flat float64 vector out."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame
from softgrad.check.precision import epsilon
from softgrad.check.report.report import Tally
from softgrad.check.subject.claims import Asked, Claim, PushClaim, Upstream
from softgrad.check.subject.flat import Layout, Shape, flat, paired, unpaired
from softgrad.check.subject.quiet import CodeRaised, Randomness, run
from softgrad.check.subject.tree import leaves

__all__ = ["Gradient", "Subject"]


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
    randomness
        Puts the global random state back before every evaluation of code that draws.
    layout
        The memory layout in which the differentiable inputs are handed over; their own if ``None``.
    conjugate
        Whether the claim writes the gradient by a complex a + ib as ∂/∂a + i ∂/∂b, as torch does,
        or as the conjugate of that, as JAX does.
    """

    def __init__(
        self,
        frame: Frame,
        function: Callable[[Mapping[str, Any]], Any],
        claim: Claim,
        inputs: Mapping[str, Any],
        wrt: tuple[str, ...],
        tally: Tally,
        randomness: Randomness,
        layout: str | None = None,
        conjugate: bool | None = None,
    ) -> None:
        self.frame, self.function, self.claim = frame, function, claim
        self.inputs, self.wrt = dict(inputs), wrt
        self.tally, self.randomness, self.layout = tally, randomness, layout
        self.conjugate = frame.conjugate if conjugate is None else conjugate
        given = {name: frame.to_numpy(inputs[name]) for name in wrt}
        self.complex = {name for name, a in given.items() if a.dtype.kind == "c"}
        reals = {name: paired(a) for name, a in given.items()}
        self.entries = Layout({name: a.shape for name, a in reals.items()})
        self.x = flat(reals.values())
        self.arrays = self.entries.split(self.x)
        self.eps_in = max(epsilon(frame.dtype_name(inputs[name])) for name in wrt)
        self.outputs: list[tuple[Shape, str]] = []
        self._laid: tuple[tuple[Shape, ...], Layout] = ((), Layout({}))
        self._vetted: set[str] = set()
        self._line: np.ndarray | None = None

    def in_float64(self) -> "Subject | None":
        """Return the same example in float64, or None if the function does not keep it."""
        wide = self.replace(self.native(wide=True))
        try:
            wide.forward()
        except CodeRaised:
            return None
        return wide if wide.eps <= epsilon("float64") else None

    def replace(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        layout: str | None = None,
        conjugate: bool | None = None,
    ) -> "Subject":
        """Return the same function and claim at another point."""
        return Subject(
            self.frame,
            self.function,
            self.claim,
            {**self.inputs, **(inputs or {})},
            self.wrt,
            self.tally,
            self.randomness,
            layout,
            self.conjugate if conjugate is None else conjugate,
        )

    def onto(self, u: np.ndarray) -> "Subject":
        """Return the same subject, a forward-mode claim of which is always asked along ``u``."""
        other = copy(self)
        other._line = None if self.claim.reverse else u
        return other

    # -- the flat view ------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """The number of differentiable entries."""
        return self.x.size

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the differentiable inputs."""
        return self.entries.shapes

    @property
    def slices(self) -> dict[str, slice]:
        """Where each input lies in the flat vector."""
        return self.entries.slices

    @property
    def output_slices(self) -> list[slice]:
        """Where each floating output lies in the flat output."""
        return list(self._results.slices.values())

    @property
    def _results(self) -> Layout:
        shapes = tuple(shape for shape, _ in self.outputs)
        if shapes != self._laid[0]:
            self._laid = shapes, Layout({str(i): shape for i, shape in enumerate(shapes)})
        return self._laid[1]

    def split(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Return a flat vector over the inputs as arrays by name."""
        return self.entries.split(flat)

    def split_output(self, flat: np.ndarray) -> Upstream:
        """Return a flat cotangent as arrays, complex where the outputs are."""
        parts = self._results.split(flat).values()
        return [
            self._cotangent(part) if dtype.startswith("complex") else part
            for part, (_, dtype) in zip(parts, self.outputs, strict=True)
        ]

    def _cotangent(self, pairs: np.ndarray) -> np.ndarray:
        return unpaired(pairs) if self.conjugate else unpaired(pairs).conj()

    @property
    def eps_out(self) -> float:
        """The unit roundoff of the coarsest floating output."""
        return max((epsilon(dtype) for _, dtype in self.outputs), default=2.0**-52)

    @property
    def eps(self) -> float:
        """The unit roundoff of the coarsest dtype in or out."""
        return max(self.eps_in, self.eps_out)

    # -- evaluation ---------------------------------------------------------------------------

    @cached_property
    def _constants(self) -> dict[str, np.ndarray]:
        frame = self.frame
        return {
            name: frame.to_numpy(value)
            for name, value in self.inputs.items()
            if name not in self.wrt and frame.is_array(value)
        }

    def native(self, x: np.ndarray | None = None, *, wide: bool = False) -> dict[str, Any]:
        """Return fresh inputs as the user's code takes them."""
        moved = self.arrays if x is None else self.split(x)
        inputs: dict[str, Any] = {}
        for name, given in self.inputs.items():
            if name in moved:
                inputs[name] = self._input(moved[name], name, wide)
            elif name in self._constants:
                inputs[name] = self.frame.like(self._constants[name], given, wide=wide)
            else:
                inputs[name] = given
        return inputs

    def given(self, name: str, values: np.ndarray, *, wide: bool = False) -> Any:
        """Return ``values``, pairs for a complex input, as the user gave that input."""
        values = unpaired(values) if name in self.complex else values
        return self.frame.like(values, self.inputs[name], wide=wide)

    def _input(self, values: np.ndarray, name: str, wide: bool = False) -> Any:
        fresh = self.given(name, values, wide=wide)
        return self.frame.relayout(fresh, self.layout) if self.layout else fresh

    def moved(self, x: np.ndarray) -> "Subject":
        """Return the same function and claim at the flat point ``x``."""
        return self.replace({name: self.given(name, v) for name, v in self.split(x).items()})

    def quantise(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` rounded to the inputs' dtypes."""
        if self._exact:
            return x
        values = self.split(x).items()
        return flat(paired(self.frame.to_numpy(self._input(v, name))) for name, v in values)

    @cached_property
    def _exact(self) -> bool:
        dtypes = {self.frame.dtype_name(self.inputs[name]) for name in self.wrt}
        return dtypes <= {"float64", "complex128"}

    def forward(
        self, x: np.ndarray | None = None, *, wide: bool = False, borrow: bool = False
    ) -> np.ndarray:
        """Return the floating outputs, flat; with ``borrow`` they may change at the next call."""
        self.tally.forward += 1
        with self._evaluating("forward", wide):
            outputs = self.call(self.native(x, wide=wide))
            kept = [out for out in outputs if self.frame.counts(out)]
            arrays = [self._array(out, borrow) for out in kept]
        if not self.outputs:
            pairs = zip(arrays, kept, strict=True)
            self.outputs = [(a.shape, self._dtype(out)) for a, out in pairs]
        elif [a.shape for a in arrays] != [shape for shape, _ in self.outputs]:
            raise CodeRaised("the function", ValueError("the output's shape depends on values"))
        return flat(arrays)

    def call(self, inputs: Mapping[str, Any], *, raw: bool = False) -> Any:
        """Run the user's function; a tuple of its output's leaves unless ``raw``."""
        y = run("the function", self.function, inputs)
        return y if raw else tuple(leaves(self.frame, y))

    def pull(
        self,
        g: np.ndarray,
        x: np.ndarray | None = None,
        *,
        wide: bool = False,
        along: np.ndarray | None = None,
        watch: bool = False,
        between: np.ndarray | None = None,
    ) -> Gradient:
        """Return the claimed gradient of ⟨g, f⟩.

        Of a forward-mode claim, which has no gradient, its part along ``along`` if that is given.
        With ``watch`` the gradient also tells what was written into. The array library's own
        derivative can be asked to run the function at ``between`` before its backward pass.
        """
        self.tally.backward += 1
        along = self._line if along is None else along
        with self._evaluating("pull", wide):
            inputs = self.native(x, wide=wide)
            line = None if along is None else self._tangents(along)
            other = None if between is None else self.native(between, wide=wide)
            asked = Asked(self.split_output(g), line, watch, other)
            pulled = self.claim.pull(self.call, inputs, self.wrt, asked)
            dtypes: dict[str, str | None] = {}
            misshapen: dict[str, tuple[np.ndarray, Shape]] = {}
            parts = []
            for name, shape in self.shapes.items():
                found = pulled.gradients[name]
                dtypes[name] = None if found is None else self._dtype(found)
                values = np.zeros(shape) if found is None else self._gradient(found, name)
                if values.shape != shape:
                    misshapen[name] = (values, values.shape)
                    values = np.zeros(shape)
                parts.append(values)
        return Gradient(flat(parts), dtypes, misshapen, pulled.touched)

    def push(self, t: np.ndarray) -> np.ndarray:
        """Return the claimed change of the output along ``t``: forward mode."""
        self.tally.backward += 1
        with self._evaluating("push"):
            inputs, tangents = self.native(), self._tangents(t)
            if isinstance(self.claim, PushClaim):
                found = self.claim.push(self.call, inputs, tangents)
            else:
                found = run("forward mode", self.frame.push, self.call, inputs, tangents)
        return flat(paired(np.asarray(each)) for each in found)

    def second(self, g: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the library's own second derivative along ``t``."""
        self.tally.backward += 2
        with self._evaluating("second"):
            upstream, tangents = self.split_output(g), self._tangents(t)
            stage, inputs = "the second derivative", self.native()
            found = run(stage, self.frame.second, self.call, inputs, upstream, tangents)
        return flat(self._real(np.asarray(found[name]), name in self.complex) for name in self.wrt)

    def _tangents(self, t: np.ndarray) -> dict[str, np.ndarray]:
        values = self.split(t).items()
        return {name: unpaired(v) if name in self.complex else v for name, v in values}

    def _evaluating(self, kind: str, wide: bool = False) -> Any:
        """Return the context of one evaluation; the first of its kind is watched for randomness."""
        self.randomness.rewind(watch=kind not in self._vetted)
        self._vetted.add(kind)
        return self.frame.widened() if wide else nullcontext()

    def _gradient(self, found: Any, name: str) -> np.ndarray:
        values = self.frame.to_numpy(found) if self.frame.is_array(found) else np.array(found)
        return self._real(values, name in self.complex)

    def _real(self, gradient: np.ndarray, wanted: bool) -> np.ndarray:
        """Return a gradient as pairs where its input is complex."""
        if not wanted:
            return gradient.real if gradient.dtype.kind == "c" else gradient
        gradient = gradient.astype(np.complex128)
        return paired(gradient if self.conjugate else gradient.conj())

    def _array(self, value: Any, borrow: bool) -> np.ndarray:
        if not self.frame.is_array(value):
            return paired(np.array(value))
        return paired(self.frame.host(value) if borrow else self.frame.to_numpy(value))

    def _dtype(self, value: Any) -> str:
        if self.frame.is_array(value):
            return self.frame.dtype_name(value)
        return np.asarray(value).dtype.name
