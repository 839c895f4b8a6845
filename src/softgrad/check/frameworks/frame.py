"""What the checker asks of an array library: three methods to see arrays, two to differentiate."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

__all__ = ["Carried", "Frame", "Inputs", "Node", "Watch", "same"]

Inputs = Mapping[str, Any]
Pull = Callable[[list[Any]], Sequence[Any]]

_FLOATING = ("float", "bfloat", "complex")


@dataclass(frozen=True)
class Node:
    """A container of the library's own kind, opened by one level.

    Parameters
    ----------
    keys
        How Python reaches each child: ``".weight"``, ``"[0]"`` or ``"['w']"``.
    children
        What the container holds.
    rebuild
        Makes the same container of other children.
    """

    keys: tuple[str, ...]
    children: tuple[Any, ...]
    rebuild: Callable[[Sequence[Any]], Any]

    @staticmethod
    def named(
        value: Any, children: Sequence[Any], rebuild: Callable[[Sequence[Any]], Any]
    ) -> "Node":
        """Return the node with children named by the attribute that holds them, or by number."""
        attributes = dict(getattr(value, "__dict__", {}))
        keys = []
        for i, child in enumerate(children):
            name = next((name for name, held in attributes.items() if held is child), None)
            attributes.pop(name, None)
            keys.append(f"[{i}]" if name is None else f".{name}")
        return Node(tuple(keys), tuple(children), rebuild)


@dataclass(frozen=True)
class Carried:
    """A callable that carries arrays of its own, such as a module with its parameters.

    Parameters
    ----------
    forward
        What the names of its positional arguments are read from.
    parameters
        The arrays by name.
    trained
        The names of those that are differentiated unless ``wrt`` says otherwise.
    bound
        Returns the callable with other arrays in place of those given by name.
    """

    forward: Callable
    parameters: dict[str, Any]
    trained: tuple[str, ...]
    bound: Callable[[Mapping[str, Any]], Callable]


class Frame(ABC):
    """One array library, seen as float64 (or complex128) NumPy arrays going in and out.

    A library needs ``is_array``, ``host`` and ``make``; ``reverse`` if it differentiates,
    ``forward`` if it has a forward mode. The rest has defaults that suit immutable arrays.
    """

    name: ClassVar[str]
    differentiates: ClassVar[bool] = True
    conjugate: ClassVar[bool] = True
    """Whether the gradient of a real L at z = a + ib is written ∂L/∂a + i ∂L/∂b."""
    mutable: ClassVar[bool] = False
    """Whether code can write into an array it was given."""
    strided: ClassVar[bool] = False
    """Whether arrays have memory layouts that code can see."""

    # -- arrays -------------------------------------------------------------------------------

    @abstractmethod
    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is an array of this library."""

    @abstractmethod
    def host(self, value: Any) -> np.ndarray:
        """Return the array in NumPy, in its own dtype or a wider one; memory may be shared."""

    @abstractmethod
    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a fresh array holding ``values`` in the dtype of that name.

        It lies on the device of ``beside``, an array of the library, where one is given.
        """

    def dtype_name(self, value: Any) -> str:
        """Return the name of the array's dtype, such as ``"float32"``."""
        return _name(value.dtype)

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating or a complex array."""
        return self.is_array(value) and self.dtype_name(value).startswith(_FLOATING)

    def counts(self, value: Any) -> bool:
        """Return whether ``value``, returned by a function, is an output with a derivative."""
        return (
            self.is_floating(value)
            or isinstance(value, float)
            or (isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc")
        )

    def to_numpy(self, value: Any) -> np.ndarray:
        """Return a NumPy copy: float64 of a floating array, complex128 of a complex one."""
        host = self.host(value)
        if host.dtype.kind in "biu":
            return host.copy()
        if host.dtype.kind == "c":
            return host.astype(np.complex128)
        return host.astype(np.float64) if self.is_floating(value) else host.copy()

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return a fresh array holding ``values``, in the reference's dtype and memory order.

        With ``wide`` a floating array is float64, a complex one complex128.
        """
        dtype = self.dtype_name(reference)
        if wide and dtype.startswith(_FLOATING):
            dtype = "complex128" if dtype.startswith("complex") else "float64"
        return self.make(values, dtype, reference)

    def relayout(self, value: Any, kind: str) -> Any:
        """Return the same values in another memory layout: fortran, strided or offset."""
        return value

    def contiguous(self, value: Any) -> Any:
        """Return the array itself if it is contiguous, or a contiguous copy."""
        return value

    # -- surroundings -------------------------------------------------------------------------

    def opened(self, value: Any) -> Node | None:
        """Return a container that only this library knows, opened; ``None`` for anything else."""
        return None

    def carried(self, f: Any) -> Carried | None:
        """Return the arrays that the callable ``f`` carries, or ``None``."""
        return None

    def widened(self) -> AbstractContextManager[Any]:
        """Return a context in which float64 is available."""
        return nullcontext()

    def precision(self, inputs: Inputs) -> AbstractContextManager[Any]:
        """Return a context in which the library's own differentiation keeps the inputs' dtypes."""
        return nullcontext()

    @contextmanager
    def frozen(self) -> Any:
        """Yield a function that puts the library's global random state back to one fixed state.

        On leaving, the state is what it was on entering.
        """
        yield lambda: None

    # -- derivatives --------------------------------------------------------------------------

    def leaf(self, value: Any) -> Any:
        """Return the array as something to differentiate with respect to."""
        return value

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Pull]:
        """Return the outputs of ``f(*xs)``, a sequence of arrays, and their pullback.

        The pullback takes one cotangent per output and returns one gradient per input, ``None`` for
        an input the outputs do not depend on. With ``again`` it can itself be differentiated.
        """
        raise NotImplementedError

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return the derivative of each output of ``f(*xs)`` along the tangents ``ts``."""
        raise NotImplementedError

    def pullback(
        self,
        call: Callable,
        inputs: Inputs,
        wrt: Iterable[str],
        g: list[np.ndarray],
        *,
        watch: bool = False,
        between: Inputs | None = None,
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the library's own gradients by name, and what was written into if watched.

        The function is also run at the inputs ``between``, after its forward pass and before its
        backward pass.
        """
        watch = watch and self.mutable
        xs = {name: self.leaf(inputs[name]) for name in wrt}
        before = Watch(self, xs.items() if watch else ())
        closed = self._closed(call, inputs, tuple(xs))
        with self.precision(inputs):
            outputs, pull = self.reverse(closed, [*xs.values()])
            if between is not None:
                there = [self.leaf(between[name]) for name in xs]
                self.reverse(self._closed(call, between, tuple(xs)), there)
            upstream = self.upstream(outputs, g)
            handed = [("the upstream gradient", each) for each in upstream]
            later = Watch(self, handed if watch else ())
            found = dict(zip(xs, pull(upstream), strict=True))
        return found, before.touched() + later.touched()

    def push(
        self, call: Callable, inputs: Inputs, tangents: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return the library's own forward-mode derivative of the floating outputs."""
        xs = [inputs[name] for name in tangents]
        with self.precision(inputs):
            ts = [self.like(t, x) for t, x in zip(tangents.values(), xs, strict=True)]
            found = self.forward(self._closed(call, inputs, tuple(tangents)), xs, ts)
        return [self.to_numpy(each) for each in found]

    def second(
        self,
        call: Callable,
        inputs: Inputs,
        g: list[np.ndarray],
        tangents: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Return the derivative along ``tangents`` of the gradient of ⟨g, f⟩: reverse twice.

        The upstream gradients are leaves as well: declarations of what has no second derivative
        may look at them.
        """
        xs = [self.leaf(inputs[name]) for name in tangents]
        closed = self._closed(call, inputs, tuple(tangents))
        kept: list[int] = []

        def gradients(*at: Any) -> tuple[Any, ...]:
            outputs, pull = self.reverse(closed, [*at], again=True)
            upstream = [self.leaf(each) for each in self.upstream(outputs, g)]
            found = list(enumerate(pull(upstream)))
            kept[:] = [i for i, each in found if each is not None]
            return tuple(each for _, each in found if each is not None)

        with self.precision(inputs):
            ts = [self.like(t, x) for t, x in zip(tangents.values(), xs, strict=True)]
            _, pull = self.reverse(gradients, xs)
            found = pull([ts[i] for i in kept])
        return {
            name: np.zeros(tuple(x.shape)) if each is None else self.to_numpy(each)
            for name, x, each in zip(tangents, xs, found, strict=True)
        }

    def saved_overwritten(
        self, call: Callable, inputs: Inputs, wrt: Iterable[str], g: list[np.ndarray]
    ) -> bool:
        """Return whether an array kept for the backward pass was changed before its use."""
        return False

    def upstream(self, outputs: Sequence[Any], g: list[np.ndarray]) -> list[Any]:
        """Return ``g`` as arrays of the outputs' dtypes."""
        pairs = zip(g, outputs, strict=True)
        return [self.make(each, self.dtype_name(out), out) for each, out in pairs]

    def _closed(self, call: Callable, inputs: Inputs, names: tuple[str, ...]) -> Callable:
        """Return ``call`` as a function of the inputs named, to its floating outputs."""

        def closed(*at: Any) -> tuple[Any, ...]:
            outputs = call({**inputs, **dict(zip(names, at, strict=True))})
            return tuple(self._own(out) for out in outputs if self.counts(out))

        return closed

    def _own(self, out: Any) -> Any:
        if self.is_array(out):
            return out
        return self.make(np.asarray(out), np.asarray(out).dtype.name)


@lru_cache(maxsize=64)
def _name(dtype: Any) -> str:
    return dtype.name  # which NumPy puts together anew each time


class Watch:
    """Values of arrays now, to tell later which of them were written into."""

    def __init__(self, frame: Frame, arrays: Iterable[tuple[str, Any]]) -> None:
        self.frame = frame
        self.seen = [(label, a, self._digest(a)) for label, a in arrays if frame.is_array(a)]

    def touched(self) -> list[str]:
        """Return the labels of the arrays that no longer hold what they held."""
        return [label for label, array, before in self.seen if before != self._digest(array)]

    def _digest(self, array: Any) -> tuple[tuple[int, ...], int]:
        """Return the shape and a checksum: a copy would take as much memory as the array."""
        host = np.asarray(self.frame.host(array))
        return host.shape, zlib.adler32(np.ascontiguousarray(host).reshape(-1).view(np.uint8).data)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether two arrays hold the same values; NaN is the same as NaN."""
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
