"""How the function under check is called: what names its arguments, and the arrays it carries."""

from collections.abc import Callable, Mapping
from typing import Any

from softgrad.check.frameworks import Carried, Frame, Inputs
from softgrad.check.subject.arguments import Arguments
from softgrad.check.subject.binding import input_names, takes_keywords
from softgrad.check.subject.tree import grafted, walk
from softgrad.errors import ArgumentTypeError

__all__ = ["callable_tree", "caller", "forward_of", "named", "of_leaves"]


def forward_of(f: Any, layer: bool) -> Callable:
    """Return what runs when ``f`` is checked."""
    run = f.forward if layer else getattr(f, "apply", f) if isinstance(f, type) else f
    if not callable(run):
        raise ArgumentTypeError(
            f"f must be callable or have forward and backward; got {type(f).__name__}"
        )
    return run


def named(forward: Callable, inputs: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the example's arguments by name, and the names of those that go by position.

    The names are those of the signature; for an object with ``forward``, of that one's.
    """
    if not isinstance(forward, type) and callable(getattr(forward, "forward", None)):
        forward = forward.forward  # type: ignore[attr-defined]
    if isinstance(inputs, Mapping):
        bad = [name for name in inputs if not isinstance(name, str)]
        if bad:
            raise ArgumentTypeError(f"inputs must be named by strings; got {bad[0]!r}")
        return dict(inputs), () if takes_keywords(forward, inputs) else tuple(inputs)
    if isinstance(inputs, list):
        inputs = tuple(inputs)
    if not isinstance(inputs, tuple):
        inputs = (inputs,)
    target = getattr(forward, "__self__", None)
    if isinstance(target, type) and hasattr(target, "forward"):
        names = input_names(target.forward, len(inputs) + 1)
        names = names[1:] if names[0] == "ctx" else names[:-1]
    else:
        names = input_names(forward, len(inputs))
    return dict(zip(names, inputs, strict=True)), names


def caller(f: Callable, positional: tuple[str, ...]) -> Callable[[Inputs], Any]:
    """Return f over named arguments: ``positional`` go by position, those added later by name."""

    def call(arguments: Inputs) -> Any:
        rest = {name: value for name, value in arguments.items() if name not in positional}
        return f(*(arguments[name] for name in positional), **rest)

    return call


def of_leaves(
    f: Callable,
    carried: Carried | None,
    own: Mapping[str, str],
    arguments: Arguments,
    positional: tuple[str, ...],
) -> Callable[[Inputs], Any]:
    """Return f as a function of named leaves; ``own`` maps those it carries to its own names."""

    def call(inputs: Inputs) -> Any:
        if carried is None:
            return caller(f, positional)(arguments.pack(inputs))
        bound = carried.bound({name: inputs[leaf] for leaf, name in own.items()})
        rest = {name: value for name, value in inputs.items() if name not in own}
        return caller(bound, positional)(arguments.pack(rest))

    return call if carried is not None or arguments.containers else caller(f, positional)


def callable_tree(frame: Frame, f: Any) -> Carried | None:
    """Return the arrays of a callable that is itself a container of the library's."""
    if isinstance(f, type) or frame.opened(f) is None:
        return None
    pairs = {name.lstrip("."): leaf for name, leaf in walk(frame, "", f)}
    parameters = {name: leaf for name, leaf in pairs.items() if frame.is_floating(leaf)}

    def bound(given: Inputs) -> Callable:
        return grafted(frame, "", f, lambda name, leaf: given.get(name.lstrip("."), leaf))

    return Carried(f, parameters, tuple(parameters), bound) if parameters else None
