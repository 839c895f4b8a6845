"""A network on its batch: which layers run, and what each is given."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softgrad.audit.layers.keeper import kept
from softgrad.audit.layers.tree import layers_of
from softgrad.check.frameworks import frame_named
from softgrad.check.subject.layers import copied, is_layer
from softgrad.check.subject.quiet import quiet
from softgrad.check.subject.tree import leaves
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["Chain", "Played", "runner", "watched"]


class Chain:
    """Layers that run one after the other."""

    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers

    def forward(self, *inputs: Any) -> Any:
        """Hand each layer what the one before returned."""
        for layer in self.layers:
            inputs = (layer.forward(*inputs),)
        return inputs[0]

    def backward(self, g: Any) -> Any:
        """Hand each layer what the one behind returned."""
        for layer in reversed(self.layers):
            g = layer.backward(g)
        return g


@dataclass(frozen=True, eq=False)
class Played:
    """A layer as it was before the run, and what it was given there.

    Parameters
    ----------
    name
        The expression that reaches it.
    layer
        A copy.
    args, kwargs
        What its ``forward`` was called with first.
    count
        How often.
    finite
        Whether all that it returned was finite, or all that it was given was not.
    """

    name: str
    layer: Any
    args: tuple
    kwargs: Mapping[str, Any]
    count: list[None] = field(default_factory=list)
    finite: list[bool] = field(default_factory=list)


def runner(model: Any) -> Any:
    """Return what runs a model: itself, or the chain of the layers that it lists."""
    if callable(getattr(model, "forward", None)) or callable(model):
        return model
    listed = model if isinstance(model, (list, tuple)) else getattr(model, "layers", None)
    if not isinstance(listed, (list, tuple)):
        raise ArgumentTypeError(
            "model must be callable, or have layers with forward and backward; got "
            f"{type(model).__name__}"
        )
    for k, layer in enumerate(listed):
        if not is_layer(layer):
            kind = type(layer).__name__
            raise ArgumentTypeError(
                f"layer {k} of model must have forward and backward; got {kind}"
            )
    return Chain(list(listed))


def watched(model: Any, args: tuple, kwargs: Mapping[str, Any], loss: Any) -> list[Played]:
    """Run a model once and return the layers that ran, in the order in which they were done."""
    running, roots = runner(model), (model, loss)
    layers = layers_of(*roots)
    if not layers:
        raise ArgumentError(
            "model leads to no object with forward and backward, and neither it nor its inputs are "
            "of torch or JAX, so there is no derivative to audit"
        )
    played: dict[int, Played] = {}
    restore = kept(*roots)
    try:
        with quiet(frame_named("numpy")):
            before = {name: copied(layer) for name, layer in layers.items()}
            for name, layer in layers.items():
                _watch(name, layer, before[name], played)
            output = _forward(running)(*args, **kwargs)
            if loss is not None:
                _forward(loss)(output)
    finally:
        restore()
    if not played:
        raise ArgumentError(f"model ran none of its layers: {', '.join(layers)}")
    return [*played.values()]


def _forward(each: Any) -> Callable:
    return getattr(each, "forward", None) or each


def _watch(name: str, layer: Any, before: Any, played: dict[int, Played]) -> None:
    """Replace ``forward`` in the object, where the class's own is not touched."""
    forward = layer.forward

    def seen(*args: Any, **kwargs: Any) -> Any:
        given = deepcopy((args, kwargs))
        output = forward(*args, **kwargs)
        first = played.setdefault(id(layer), Played(name, before, *given))
        first.count.append(None)
        first.finite.append(_finite(output) or not _finite(given))
        return output

    try:
        layer.forward = seen
    except AttributeError:
        raise ArgumentTypeError(
            f"{name}, a {type(layer).__name__}, takes no attributes, so its calls cannot be seen"
        ) from None


def _finite(value: Any) -> bool:
    frame = frame_named("numpy")
    floating = [leaf for leaf in leaves(frame, value) if frame.is_floating(leaf)]
    return all(bool(np.isfinite(frame.to_numpy(leaf)).all()) for leaf in floating)
