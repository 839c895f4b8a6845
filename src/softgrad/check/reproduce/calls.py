"""The lines that call the checked function and its claimed derivative."""

import textwrap
from collections.abc import Mapping
from typing import Any

from softgrad.check.reproduce.checked import Checked
from softgrad.check.reproduce.libraries import Library
from softgrad.check.reproduce.values import Unwritable

__all__ = ["derivative", "forward", "function"]


def forward(checked: Checked, y: Any, seeded: str, name: str = "outputs") -> str:
    """Return ``outputs(at)``, which lists the floating outputs, under that name."""
    frame, call = checked.frame, checked.called(_held_in("at", checked))
    if not isinstance(y, (tuple, list)):
        listed = "[np.asarray(y)]" if frame.name == "numpy" else "[y]"
    else:
        places = [k for k, each in enumerate(y) if frame.is_floating(each)]
        listed = "list(y)" if len(places) == len(y) else f"[y[k] for k in {places}]"
    return function(f"{name}(at)", f"{seeded}y = {call}\nreturn {listed}")


def derivative(checked: Checked, y: Any, found: Any, library: Library, seeded: str) -> str:
    """Return ``differentiate(g)`` or, of a forward-mode claim, ``push(t)``.

    ``y`` and ``found`` are what the function and the claim returned for the example: their
    structure tells how to take them apart.
    """
    if checked.claim is None:
        return function("differentiate(g)", seeded + library.backward)
    wrt, inputs = checked.wrt, checked.inputs
    several = isinstance(y, (tuple, list))
    first = {"vjp": "tuple(g)" if several else "g[0]", "jvp": _tangent(wrt)}.get(str(checked.kind))
    at = _held_in("inputs", checked)
    called = checked.claim_called(first, at)
    start = f"{seeded}y = {checked.called(at)}\nfound = {called}\n"
    if checked.kind == "jvp":
        listed = "list(found)" if isinstance(found, (tuple, list)) else "[found]"
        return function("push(t)", f"{start}return {listed}")
    ys, listed = ("list(y)" if several else "[y]"), _listed(found, wrt, inputs)
    if checked.kind == "vjp":
        return function("differentiate(g)", f"{start}return {ys}, {listed}")
    if several:
        raise Unwritable("several outputs")
    scaled = "host(d) * np.sum(host(g[0]))"
    if checked.kind == "jacobian":
        rows = "host(g[0]).size"
        scaled = f"(np.ravel(host(g[0])) @ host(d).reshape({rows}, -1)).reshape(inputs[n].shape)"
    each = f"[None if d is None else {scaled} for n, d in zip(wrt, {listed})]"
    return function("differentiate(g)", f"{start}return {ys}, {each}")


def _tangent(wrt: tuple[str, ...]) -> str:
    return f"t[{wrt[0]!r}]" if len(wrt) == 1 else "tuple(t.values())"


def _listed(found: Any, wrt: tuple[str, ...], inputs: Mapping[str, Any]) -> str:
    """Return an expression that lists the gradients of ``wrt``."""
    if isinstance(found, Mapping):
        return "[found.get(n) for n in wrt]"
    if not isinstance(found, (tuple, list)):
        return "[found]"
    return "list(found)" if len(found) == len(wrt) else "[dict(zip(inputs, found))[n] for n in wrt]"


def _held_in(table: str, checked: Checked) -> dict[str, str]:
    return {name: f"{table}[{name!r}]" for name in checked.inputs}


def function(head: str, body: str) -> str:
    """Return the definition of a function."""
    return f"def {head}:\n{textwrap.indent(body, '    ')}\n"
