"""The lines that call the checked function and its claimed derivative."""

import textwrap
from collections.abc import Mapping
from typing import Any

from softgrad.check.frameworks import Frame
from softgrad.check.reproduce.checked import Checked
from softgrad.check.reproduce.libraries import Library
from softgrad.check.reproduce.values import Unwritable
from softgrad.check.subject.binding import bind

__all__ = ["derivative", "forward"]


def forward(y: Any, frame: Frame, call: str, seeded: str) -> str:
    """Return ``outputs(at)``, which lists the floating outputs."""
    if not isinstance(y, (tuple, list)):
        listed = "[np.asarray(y)]" if frame.name == "numpy" else "[y]"
    else:
        places = [k for k, each in enumerate(y) if frame.is_floating(each)]
        listed = "list(y)" if len(places) == len(y) else f"[y[k] for k in {places}]"
    return _function("outputs(at)", f"{seeded}y = {call}\nreturn {listed}")


def derivative(checked: Checked, y: Any, found: Any, library: Library, seeded: str) -> str:
    """Return ``differentiate(g)`` or, of a forward-mode claim, ``push(t)``.

    ``y`` and ``found`` are what the function and the claim returned for the example: their
    structure tells how to take them apart.
    """
    if checked.claim is None:
        return _function("differentiate(g)", seeded + library.backward)
    wrt, inputs = checked.wrt, checked.inputs
    several = isinstance(y, (tuple, list))
    first = {"vjp": "tuple(g)" if several else "g[0]", "jvp": _tangent(wrt)}.get(str(checked.kind))
    text = {name: f"inputs[{name!r}]" for name in checked.handed}
    args, kwargs = bind(checked.claim, first, "y", text)
    given = ", ".join([*map(str, args), *(f"{name}={each}" for name, each in kwargs.items())])
    start = f"{seeded}at = inputs\ny = {checked.call}\nfound = claim({given})\n"
    if checked.kind == "jvp":
        listed = "list(found)" if isinstance(found, (tuple, list)) else "[found]"
        return _function("push(t)", f"{start}return {listed}")
    ys, listed = ("list(y)" if several else "[y]"), _listed(found, wrt, inputs)
    if checked.kind == "vjp":
        return _function("differentiate(g)", f"{start}return {ys}, {listed}")
    if several:
        raise Unwritable("several outputs")
    scaled = "host(d) * np.sum(host(g[0]))"
    if checked.kind == "jacobian":
        rows = "host(g[0]).size"
        scaled = f"(np.ravel(host(g[0])) @ host(d).reshape({rows}, -1)).reshape(inputs[n].shape)"
    each = f"[None if d is None else {scaled} for n, d in zip(wrt, {listed})]"
    return _function("differentiate(g)", f"{start}return {ys}, {each}")


def _tangent(wrt: tuple[str, ...]) -> str:
    return f"t[{wrt[0]!r}]" if len(wrt) == 1 else "tuple(t.values())"


def _listed(found: Any, wrt: tuple[str, ...], inputs: Mapping[str, Any]) -> str:
    """Return an expression that lists the gradients of ``wrt``."""
    if isinstance(found, Mapping):
        return "[found.get(n) for n in wrt]"
    if not isinstance(found, (tuple, list)):
        return "[found]"
    return "list(found)" if len(found) == len(wrt) else "[dict(zip(inputs, found))[n] for n in wrt]"


def _function(head: str, body: str) -> str:
    return f"def {head}:\n{textwrap.indent(body, '    ')}\n"
