"""The derivative under check, whatever form it has, as ``(g, inputs) → gradients by name``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame, Inputs
from softgrad.check.subject.binding import bind, by_name
from softgrad.check.subject.quiet import run

__all__ = [
    "Claim",
    "FrameworkClaim",
    "GradClaim",
    "JacobianClaim",
    "Pulled",
    "PushClaim",
    "VjpClaim",
]

Upstream = list[np.ndarray]


@dataclass
class Pulled:
    """One evaluation of the derivative.

    Parameters
    ----------
    gradients
        By name, as the code returned them.
    touched
        What the derivative wrote into that is not its own: an input's name, "the upstream
        gradient" or "the forward pass's output".
    """

    gradients: dict[str, Any]
    touched: list[str] = field(default_factory=list)


class Claim:
    """A derivative under check; subclasses are final."""

    reverse = True
    stage = "the derivative"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Return the gradients of ⟨g, f⟩."""
        raise NotImplementedError


@dataclass(frozen=True)
class FrameworkClaim(Claim):
    """What the array library's own differentiation gives."""

    frame: Frame
    stage = "differentiating the function"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Return the library's gradients."""
        found, touched = run(self.stage, self.frame.pullback, call, inputs, wrt, g)
        return Pulled(found, touched)


@dataclass(frozen=True)
class VjpClaim(Claim):
    """A hand-written backward pass; ``takes_inputs`` is false for a layer's ``backward(g)``."""

    frame: Frame
    vjp: Callable
    takes_inputs: bool = True
    stage = "the backward pass"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Run the forward pass, hand its output and ``g`` to the backward pass."""
        watched = dict(inputs) if self.takes_inputs else {}
        before = [self._snapshot(v) for v in watched.values()]
        y = call(inputs, raw=True)
        outputs = [out for out in _each(y) if self.frame.is_floating(out)]
        upstream = [self.frame.like(v, out) for v, out in zip(g, outputs, strict=True)]
        handed = tuple(upstream) if isinstance(y, (tuple, list)) else upstream[0]
        before += [self._snapshot(v) for v in (*upstream, *outputs)]
        if self.takes_inputs:
            args, kwargs = bind(self.vjp, handed, y, inputs)
        else:
            args, kwargs = bind(self.vjp, handed, y, {})
        found = run(self.stage, self.vjp, *args, **kwargs)
        after = [self._snapshot(v) for v in (*watched.values(), *upstream, *outputs)]
        labels = [*watched, *("the upstream gradient" for _ in upstream)]
        labels += ["the forward pass's output" for _ in outputs]
        pairs = zip(labels, before, after, strict=True)
        touched = [label for label, a, b in pairs if not _same(a, b)]
        gradients = by_name(found, wrt, tuple(inputs), self.stage)
        return Pulled(gradients, touched if self.takes_inputs else [])

    def _snapshot(self, value: Any) -> np.ndarray | None:
        return self.frame.to_numpy(value) if self.frame.is_array(value) else None


@dataclass(frozen=True)
class GradClaim(Claim):
    """The gradient of a scalar function."""

    frame: Frame
    grad: Callable
    stage = "the gradient"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Return g times the gradient."""
        args, kwargs = bind(self.grad, None, None, inputs)
        found = by_name(run(self.stage, self.grad, *args, **kwargs), wrt, tuple(inputs), self.stage)
        scale = float(np.asarray(g[0]).sum())
        return Pulled({k: _scaled(self.frame, v, scale) for k, v in found.items()})


@dataclass(frozen=True)
class JacobianClaim(Claim):
    """The dense Jacobian, of shape output's shape + input's shape for each input."""

    frame: Frame
    jacobian: Callable
    stage = "the Jacobian"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Contract the Jacobian with ``g``."""
        args, kwargs = bind(self.jacobian, None, None, inputs)
        found = run(self.stage, self.jacobian, *args, **kwargs)
        named = by_name(found, wrt, tuple(inputs), self.stage)
        upstream = np.concatenate([np.ravel(each) for each in g])
        return Pulled({k: self._contracted(inputs[k], v, upstream) for k, v in named.items()})

    def _contracted(self, x: Any, jacobian: Any, g: np.ndarray) -> Any:
        if jacobian is None:
            return None
        dense = self.frame.to_numpy(jacobian) if self.frame.is_array(jacobian) else jacobian
        dense = np.asarray(dense, dtype=np.float64)
        shape = np.shape(x)
        if dense.size != g.size * int(np.prod(shape)):
            return dense
        return (g @ dense.reshape(g.size, -1)).reshape(shape)


@dataclass(frozen=True)
class PushClaim(Claim):
    """A forward-mode derivative ``jvp(t, …)``; gradients are assembled one column at a time."""

    frame: Frame
    jvp: Callable
    reverse = False
    stage = "the forward-mode derivative"

    def push(self, call: Callable, inputs: Inputs, tangents: dict[str, np.ndarray]) -> list[Any]:
        """Return the claimed change of the floating outputs along ``tangents``."""
        native = [self.frame.like(t, inputs[name]) for name, t in tangents.items()]
        handed = native[0] if len(native) == 1 else tuple(native)
        args, kwargs = bind(self.jvp, handed, call(inputs, raw=True), inputs)
        return [self._array(out) for out in _each(run(self.stage, self.jvp, *args, **kwargs))]

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], g: Upstream) -> Pulled:
        """Return the gradients, entry by entry."""
        shapes = {name: np.shape(inputs[name]) for name in wrt}
        found = {name: np.zeros(shape) for name, shape in shapes.items()}
        upstream = np.concatenate([np.ravel(each) for each in g])
        for name, gradient in found.items():
            for j in range(gradient.size):
                tangents = {key: np.zeros(shape) for key, shape in shapes.items()}
                tangents[name].flat[j] = 1.0
                pushed = self.push(call, inputs, tangents)
                gradient.flat[j] = upstream @ np.concatenate([np.ravel(each) for each in pushed])
        return Pulled(dict(found))

    def _array(self, out: Any) -> np.ndarray:
        return self.frame.to_numpy(out) if self.frame.is_array(out) else np.asarray(out, float)


def _each(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return True
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _scaled(frame: Frame, gradient: Any, scale: float) -> Any:
    if gradient is None:
        return None
    if frame.is_floating(gradient):
        return gradient * scale
    values = frame.to_numpy(gradient) if frame.is_array(gradient) else np.asarray(gradient)
    return values * scale
