"""The derivative under check, whatever form it has, as ``(g, inputs) → gradients by name``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame, Inputs, Watch
from softgrad.check.subject.arguments import Arguments
from softgrad.check.subject.binding import Bound
from softgrad.check.subject.quiet import run
from softgrad.check.subject.tree import grafted, leaves, opened

__all__ = [
    "Asked",
    "Claim",
    "FrameworkClaim",
    "GradClaim",
    "JacobianClaim",
    "LayerClaim",
    "Pulled",
    "PushClaim",
    "VjpClaim",
]

Upstream = list[np.ndarray]


@dataclass(frozen=True)
class Asked:
    """What a claim is asked.

    Parameters
    ----------
    g
        The upstream gradient, one array per output.
    along
        A direction: what a claim in forward mode is asked for instead of all entries.
    watch
        Whether to tell what was written into, which takes copies of everything handed over.
    between
        Inputs at which the function is run once more, between the forward and the backward pass;
        for claims that keep the two apart.
    """

    g: Upstream
    along: Mapping[str, np.ndarray] | None = None
    watch: bool = False
    between: Inputs | None = None


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
    """A derivative under check; subclasses are final.

    A claim in reverse mode knows the whole gradient. One in forward mode (``reverse`` is false)
    knows one number a call, ⟨g, jvp(u)⟩: asked ``along`` u it answers with the vector
    u ⟨g, jvp(u)⟩ / ⟨u, u⟩, the gradient's projection on u.
    """

    reverse = True
    stage = "the derivative"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Return the gradients of ⟨g, f⟩."""
        raise NotImplementedError

    def takes(self, name: str) -> bool:
        """Return whether a parameter that the example does not give is meant to reach the claim.

        Where the array library or a layer differentiates, the function alone is asked.
        """
        return True


@dataclass(frozen=True)
class FrameworkClaim(Claim):
    """What the array library's own differentiation gives."""

    frame: Frame
    stage = "differentiating the function"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Return the library's gradients."""
        how = {"watch": asked.watch, "between": asked.between}
        found, touched = run(self.stage, self.frame.pullback, call, inputs, wrt, asked.g, **how)
        return Pulled(found, touched)


@dataclass(frozen=True)
class _Written(Claim):
    """Code that somebody wrote."""

    frame: Frame
    code: Bound
    arguments: Arguments

    def takes(self, name: str) -> bool:
        """Return whether the code names the parameter.

        ``**inputs`` is no sign of it: such a claim may look at the example's own inputs only.
        """
        return name in self.code.names


@dataclass(frozen=True)
class VjpClaim(_Written):
    """A hand-written backward pass ``vjp(g, …)``."""

    stage = "the backward pass"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Run the forward pass, hand its output and ``g`` to the backward pass."""
        mine = Watch(self.frame, inputs.items() if asked.watch else ())
        y = call(inputs, raw=True)
        handed, kept = _handed(self.frame, y, asked.g)
        between = Watch(self.frame, kept if asked.watch else ())
        found = run(self.stage, self.code, handed, y, self.arguments.pack(inputs))
        gradients = self.arguments.gradients(found, wrt, inputs, self.stage)
        return Pulled(gradients, mine.touched() + between.touched())


@dataclass(frozen=True)
class LayerClaim(_Written):
    """A layer's ``backward(g)``, which finds in the layer what its ``forward`` kept there."""

    stored: Callable[[], dict[str, Any]]
    stage = "the backward pass"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Run forward and backward; the parameters' gradients are those the layer then holds."""
        handed, _ = _handed(self.frame, call(inputs, raw=True), asked.g)
        found = run(self.stage, self.code, handed, None, {})
        own = self.stored()
        given = tuple(name for name in wrt if name not in own)
        gradients = self.arguments.gradients(found, given, inputs, self.stage) if given else {}
        gradients |= {name: own[name] for name in wrt if name in own}
        if self.code.names:
            return Pulled(gradients)
        scale = float(np.real(np.sum(asked.g[0])))  # backward() of a loss: its upstream is 1
        return Pulled({name: _scaled(self.frame, v, scale) for name, v in gradients.items()})

    def takes(self, name: str) -> bool:
        """Return true: what reaches ``forward`` is kept for ``backward``."""
        return True


@dataclass(frozen=True)
class _PointClaim(_Written):
    """Code that is handed the inputs and nothing else."""

    def found(self, inputs: Inputs, wrt: tuple[str, ...]) -> dict[str, Any]:
        """Return what the code gives, by name."""
        found = run(self.stage, self.code, None, None, self.arguments.pack(inputs))
        return self.arguments.gradients(found, wrt, inputs, self.stage)


class GradClaim(_PointClaim):
    """The gradient of a scalar function."""

    stage = "the gradient"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Return g times the gradient."""
        scale = float(np.real(np.sum(asked.g[0])))
        found = self.found(inputs, wrt).items()
        return Pulled({name: _scaled(self.frame, v, scale) for name, v in found})


class JacobianClaim(_PointClaim):
    """The dense Jacobian, of shape output's shape + input's shape for each input."""

    stage = "the Jacobian"

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Contract the Jacobian with ``g``."""
        upstream = _joined(asked.g)
        found = self.found(inputs, wrt).items()
        return Pulled({name: self._contracted(inputs[name], v, upstream) for name, v in found})

    def _contracted(self, x: Any, jacobian: Any, g: np.ndarray) -> Any:
        if jacobian is None:
            return None
        dense = _values(self.frame, jacobian)
        shape = tuple(np.shape(x))
        if dense.size != g.size * int(np.prod(shape)):
            return dense
        found = (g @ dense.reshape(g.size, int(np.prod(shape))).conj()).reshape(shape)
        return found if self.frame.dtype_name(x).startswith("complex") else found.real


@dataclass(frozen=True)
class PushClaim(_Written):
    """A forward-mode derivative ``jvp(t, …)``."""

    reverse = False
    stage = "the forward-mode derivative"

    def push(
        self, call: Callable, inputs: Inputs, tangents: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return the claimed change of the floating outputs along ``tangents``."""
        native = {name: self.frame.like(t, inputs[name]) for name, t in tangents.items()}
        handed = self.arguments.tangents(native, inputs)
        y = call(inputs, raw=True)
        packed = self.arguments.pack(inputs)
        pushed = leaves(self.frame, run(self.stage, self.code, handed, y, packed))
        return [_values(self.frame, out) for out in pushed]

    def pull(self, call: Callable, inputs: Inputs, wrt: tuple[str, ...], asked: Asked) -> Pulled:
        """Return the gradients' projection on ``along``, or without it every entry, one a call."""
        if asked.along is not None:
            values = {name: self.frame.to_numpy(inputs[name]) for name in asked.along}
            line = {n: np.where(np.isfinite(values[n]), u, 0.0) for n, u in asked.along.items()}
            size = sum(float(np.vdot(u, u).real) for u in line.values())
            slope = self._slope(call, inputs, line, asked.g) / (size or 1.0)
            return Pulled({name: slope * u for name, u in line.items()})
        zero = {n: np.zeros_like(self.frame.to_numpy(inputs[n])) for n in wrt}
        found = {name: each.copy() for name, each in zero.items()}
        for name, gradient in found.items():
            for j in range(gradient.size):
                for unit in (1.0, 1j) if gradient.dtype.kind == "c" else (1.0,):
                    tangents = {key: each.copy() for key, each in zero.items()}
                    tangents[name].flat[j] = unit
                    gradient.flat[j] += unit * self._slope(call, inputs, tangents, asked.g)
        return Pulled(dict(found))

    def _slope(
        self, call: Callable, inputs: Inputs, tangents: Mapping[str, np.ndarray], g: Upstream
    ) -> float:
        weights, pushed = _joined(g), _joined(self.push(call, inputs, tangents))
        if weights.size == pushed.size:
            weights, pushed = weights[weights != 0], pushed[weights != 0]  # 0 · nan is nobody's nan
        return float(np.vdot(weights, pushed).real)


def _handed(frame: Frame, y: Any, g: Upstream) -> tuple[Any, list[tuple[str, Any]]]:
    """Return ``g`` built like the output ``y``, and its arrays and the output's with labels.

    Outputs without a derivative have ``None``; a plain tuple or list leaves them out.
    """
    outputs = [out for out in leaves(frame, y) if frame.counts(out)]
    pairs = zip(g, outputs, strict=True)
    upstream = [frame.like(v, out) if frame.is_array(out) else v for v, out in pairs]
    kept = [("the upstream gradient", each) for each in upstream]
    kept += [("the forward pass's output", out) for out in outputs]
    if opened(frame, y) is None:
        return upstream[0], kept
    if type(y) in (list, tuple) and all(opened(frame, each) is None for each in y):
        return tuple(upstream), kept
    rest = iter(upstream)
    return grafted(frame, "", y, lambda _, out: next(rest) if frame.counts(out) else None), kept


def _values(frame: Frame, value: Any) -> np.ndarray:
    if frame.is_array(value):
        return frame.to_numpy(value)
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(each) for each in arrays])


def _scaled(frame: Frame, gradient: Any, scale: float) -> Any:
    if gradient is None:
        return None
    return gradient * scale if frame.is_floating(gradient) else _values(frame, gradient) * scale
