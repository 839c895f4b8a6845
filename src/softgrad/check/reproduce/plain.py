"""The straight program: one output's derivative by one input, with no machinery around it."""

from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

import numpy as np

from softgrad.check.report.report import Report
from softgrad.check.reproduce.bodies import (
    FORMULAS,
    FORWARD_MODE,
    MEASURED,
    SECOND_DERIVATIVE,
    SHOWN_BY,
    TOLD,
)
from softgrad.check.reproduce.checked import Checked
from softgrad.check.reproduce.libraries import Library
from softgrad.check.reproduce.slopes import power

__all__ = ["plain"]

_TAKEN = {
    *("np", "sys", "torch", "jax", "jnp", "base64", "zlib", "unpacked", "laid_out"),
    *("f", "claim", "layer", "drawn", "gradient", "y", "g", "u", "h", "slope"),
    *("above", "below", "terms", "claimed", "measured", "size", "error"),
}
"""The names that the program uses itself."""

_DRAWN = """\
def drawn(a, seed):
    \"\"\"Return random signs times U[0.5, 1.5], in the shape of a.\"\"\"
    draw = np.random.default_rng(seed)
    values = draw.choice([-1.0, 1.0], a.shape) * draw.uniform(0.5, 1.5, a.shape)
    return $like


"""

_GRADIENT = """\
def gradient($x):
    \"\"\"Return the gradient of ⟨v, f⟩, which is differentiated here in place of f.\"\"\"
    v = drawn($forward, $third)
    return $first


"""

_STRAIGHT = """\
y = $called
g, u = drawn(y, $seed), drawn($x, $second)
terms = $terms


def slope(h):
    \"\"\"Return $measured.\"\"\"
    above, below = ($moved for h in (h, -h))
    return (g * (above - below)).sum().item() / (2 * h)


claimed, measured = terms.sum().item(), slope($step)
size = abs(g * y).sum().item() + abs(terms).sum().item()
error = 4 * abs(measured - slope($half)) + $noise * size
"""


def plain(
    checked: Checked,
    y: Any,
    found: Any,
    data: Mapping[str, str],
    library: Library,
    report: Report,
    eps: Mapping[str, float],
) -> Iterator[tuple[str, str]]:
    """Yield the definitions and the body of the straight program, where there can be one.

    Parameters
    ----------
    checked
        What was checked; it must have one differentiable input.
    y, found
        What the function and the claim returned for the example.
    data
        The inputs as expressions.
    library
        How the array library says it.
    report
        What was found.
    eps
        The precisions in which f can be run; see :func:`softgrad.check.reproduce.slopes.bodies`.
    """
    if not _simple(checked, y, data) or report.bug in {FORWARD_MODE, *SHOWN_BY}:
        return
    (x,), at = checked.wrt, {name: name for name in data}
    moved = next(iter(eps))
    step = eps[moved] ** (1 / 3)
    noise = 8 * (eps[moved] / step + eps["claim"])
    shifted = f"{library.double.format(x=x) if moved == 'wide' else x} + h * u"
    called, told = checked.called(at), _DRAWN + _STRAIGHT + TOLD
    terms, there = _terms(checked, found, library, called), checked.called({**at, x: shifted})
    if report.bug == SECOND_DERIVATIVE:
        told = _DRAWN + _GRADIENT + _STRAIGHT + TOLD
        called, there = f"gradient({x})", f"gradient({shifted})"
        terms = "u * " + library.gradient.format(x=x, call=called, g="g", more="")
    lines = [f"{name} = {text}" for name, text in data.items()]
    lines += ["f, claim = layer.forward, layer.backward"] if checked.layer else []
    yield (
        "\n".join([*lines, ""]),
        Template(told).substitute(
            seed=report.seed,
            second=report.seed + 1,
            third=report.seed + 2,
            like=library.like,
            forward=checked.called(at),
            first=library.gradient.format(x=x, call=checked.called(at), g="v", more=library.again),
            called=called,
            x=x,
            terms=terms,
            measured=MEASURED,
            moved=there,
            step=power(step),
            half=power(step / 2),
            noise=power(noise),
            formula=FORMULAS[checked.kind == "jvp"],
        ),
    )


def _simple(checked: Checked, y: Any, data: Mapping[str, str]) -> bool:
    """Return whether the numbers are real, finite and not short, and the names are free."""
    if len(checked.wrt) > 1 or checked.kind == "jacobian" or _TAKEN & set(data):
        return False
    frame = checked.frame
    return all(name.isidentifier() for name in data) and all(
        frame.is_floating(value)
        and frame.dtype_name(value) in ("float32", "float64")
        and np.isfinite(frame.to_numpy(value)).all()
        for value in (y, checked.inputs[checked.wrt[0]])
    )


def _terms(checked: Checked, found: Any, library: Library, called: str) -> str:
    """Return an expression for what the claim says of the slope, as terms to be summed."""
    (x,) = checked.wrt
    if checked.claim is None:
        return "u * " + library.gradient.format(x=x, call=called, g="g", more="")
    first = {"vjp": "g", "jvp": "u"}.get(str(checked.kind))
    told = checked.claim_called(first, {name: name for name in checked.inputs})
    if isinstance(found, Mapping):
        told += f"[{x!r}]"
    elif isinstance(found, (tuple, list)):
        told += f"[{0 if len(found) == 1 else list(checked.inputs).index(x)}]"
    return {"vjp": "u * ", "jvp": "g * "}.get(str(checked.kind), "u * g * ") + told
