"""Layer objects: ``forward`` and ``backward``, with parameters and their gradients as attributes.

``backward(g)`` returns the gradient of the input. That of a parameter ``W`` is looked for where
people store it: in an attribute ``dW``, ``d_W``, ``W_grad``, ``grad_W`` or ``W_gradient``, or under
one of these names or ``W`` itself in a dict ``grads`` or ``gradients``. A dict or list of
parameters, ``params``, may have its gradients in ``grads`` or ``gradients`` of the same structure.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np

from softgrad.check.frameworks import Carried, Frame
from softgrad.check.subject.binding import input_names
from softgrad.check.subject.objects import generators
from softgrad.check.subject.quiet import quiet
from softgrad.check.subject.tree import grafted, leaves, matched, walk

__all__ = ["Layer", "copied", "is_layer"]

_SPELLINGS = ("d{}", "d_{}", "{}_grad", "grad_{}", "{}_gradient")
_GATHERED = ("grads", "gradients", "grad")
_PLURALS = ("params", "parameters", "weights")


def is_layer(f: Any) -> bool:
    """Return whether ``f`` has forward and backward of its own, not those of a library."""
    kinds = f.__mro__ if isinstance(f, type) else type(f).__mro__
    roots = {kind.__module__.partition(".")[0] for kind in kinds}
    return hasattr(f, "forward") and hasattr(f, "backward") and "torch" not in roots


class Layer:
    """A copy of a layer, with those of its parameters whose gradients it stores.

    Parameters
    ----------
    layer
        The user's object, which never runs if it can be copied.
    frame
        The array library.
    run
        Runs a forward pass at a point near the example.
    """

    def __init__(self, layer: Any, frame: Frame, run: Callable[[Callable], Any]) -> None:
        self.frame, self.own = frame, copied(layer)
        self.takes_inputs = input_names(self.own.backward, 2)[1] != "input1"
        self.holders: dict[str, Any] = {}
        trial = copied(layer)
        if not self.takes_inputs and trial is not layer and hasattr(layer, "__dict__"):
            found = self._found_by_a_run(trial, run)
            self.holders = {name: vars(self.own)[name] for name in found}
        spelled = (s.format(name) for name in self.holders for s in _SPELLINGS)
        self.empty = {name: vars(layer).get(name) for name in (*spelled, *_GATHERED)}
        self.drawn = generators(self.own)

    @property
    def carried(self) -> Carried:
        """The layer as a function of its parameters."""
        pairs = (pair for item in self.holders.items() for pair in walk(self.frame, *item))
        parameters = {name: leaf for name, leaf in pairs if self.frame.is_floating(leaf)}
        self.shapes = {name: np.shape(leaf) for name, leaf in parameters.items()}
        bound = partial(partial, self._forward)
        return Carried(self.own.forward, parameters, tuple(parameters), bound)

    def _forward(self, parameters: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Run the forward pass with these parameters, no gradients stored yet, the same noise."""
        for generator, state in self.drawn:
            generator.state = state
        for name, value in parameters.items():
            if np.shape(value) != self.shapes[name]:
                raise ValueError(f"the layer's {name} has shape {self.shapes[name]}")
        for holder, held in self.holders.items():
            vars(self.own)[holder] = grafted(
                self.frame, holder, held, lambda name, leaf: parameters.get(name, leaf)
            )
        if self.holders:
            for name, value in self.empty.items():
                if value is not None:
                    vars(self.own)[name] = deepcopy(value)
                else:
                    vars(self.own).pop(name, None)
        return self.own.forward(*args, **kwargs)

    def stored(self) -> dict[str, Any]:
        """Return the parameters' gradients after a backward pass, ``None`` where there is none."""
        found: dict[str, Any] = {}
        for holder, held in self.holders.items():
            stored = next(_candidates(vars(self.own), holder), None)
            found |= matched(self.frame, holder, held, stored)
        return found

    def _found_by_a_run(self, layer: Any, run: Callable[[Callable], Any]) -> list[str]:
        """Return the attributes that hold parameters, by running forward and backward once.

        What forward replaces is no parameter; what has a gradient of another shape neither.
        """
        before = dict(vars(layer))
        values = {name: self._values(value) for name, value in before.items()}
        try:
            with quiet(self.frame):
                y = run(layer.forward)
                layer.backward(grafted(self.frame, "", y, lambda _, out: self._ones(out)))
        except Exception:  # the check proper tells what is raised
            return []
        after = vars(layer)
        return [
            name
            for name, value in before.items()
            if values[name]
            and after.get(name) is value
            and all(map(np.array_equal, values[name], self._values(value)))
            and any(self._fits(name, value, each) for each in _candidates(after, name))
        ]

    def _ones(self, out: Any) -> Any:
        if not self.frame.is_floating(out):
            return None
        return self.frame.like(np.ones(tuple(out.shape)), out)

    def _values(self, value: Any) -> list[np.ndarray]:
        every = leaves(self.frame, value)
        return [self.frame.to_numpy(leaf) for leaf in every if self.frame.is_floating(leaf)]

    def _fits(self, name: str, value: Any, gradient: Any) -> bool:
        try:
            found = matched(self.frame, name, value, gradient)
        except ValueError:
            return False
        return all(
            self.frame.is_floating(found[leaf]) and np.shape(found[leaf]) == np.shape(each)
            for leaf, each in walk(self.frame, name, value)
            if self.frame.is_floating(each)
        )


def _candidates(attributes: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield what may be the gradient of the attribute called ``name``."""
    spelled = [spelling.format(name) for spelling in _SPELLINGS]
    yield from (attributes[each] for each in spelled if attributes.get(each) is not None)
    for gathered in (attributes.get(each) for each in _GATHERED):
        if name in _PLURALS and gathered is not None:
            yield gathered
        elif isinstance(gathered, Mapping):
            yield from (gathered[each] for each in (name, *spelled) if each in gathered)


def copied(layer: Any) -> Any:
    """Return a deep copy of an object, or itself where it cannot be copied."""
    try:
        return deepcopy(layer)
    except Exception:  # whatever it holds that cannot be copied
        return layer
