"""A program that shows a wrong derivative with NumPy and the checked code alone.

It is run before it is handed out: a program that does not show the difference is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame
from softgrad.check.precision import epsilon
from softgrad.check.report.report import Report
from softgrad.check.reproduce.bodies import FORWARD_MODE, SECOND_DERIVATIVE, SLOPES
from softgrad.check.reproduce.calls import derivative, forward, function
from softgrad.check.reproduce.checked import Checked, checked_at, each_of
from softgrad.check.reproduce.libraries import LIBRARIES, Library
from softgrad.check.reproduce.origin import Origin, origin_of
from softgrad.check.reproduce.plain import plain
from softgrad.check.reproduce.program import Program
from softgrad.check.reproduce.slopes import bodies
from softgrad.check.reproduce.values import HELPERS, Unwritable, similar, written
from softgrad.check.subject.plan import Plan

__all__ = ["snippet"]

_FOUND = "found by softgrad.check with seed"
_MOST_ENTRIES = 200_000
"""Running a program with more would take more memory than the check itself."""


def snippet(
    f: Any, claims: Mapping[str, Any], inputs: Any, planned: Plan, report: Report, seed: int
) -> str | None:
    """Return a program that exits with 1 because the derivative is wrong.

    ``None`` is returned where there is no such program: the array library is none that is known
    here, the inputs are objects or too many, or the difference is too small to be seen this way.

    Parameters
    ----------
    f, claims, inputs
        What the user gave to the check.
    planned
        What the check made of it.
    report
        What it found.
    seed
        The seed of the program's random directions.
    """
    library = LIBRARIES.get(planned.frame.name)
    if library is None:
        return None
    try:
        checked = checked_at(f, claims, inputs, planned, report.example)
        if checked is None or checked.size > _MOST_ENTRIES:
            return None
        return next(
            (p.text for p in _programs(checked, replace(report, seed=seed), library) if p.shows()),
            None,
        )
    except Exception:  # the code under check, or its library, may break when called this way
        return None


def _programs(checked: Checked, report: Report, library: Library) -> Iterator[Program]:
    """Yield programs, the plainest first; with other inputs of the same kind if they are many."""
    frame, named = checked.frame, {}
    for name, value in checked.inputs.items():
        try:
            named[name] = written(value, frame)
        except Unwritable:
            named[name] = similar(value, frame)
    y = checked.value()
    seeded = "" if _same(y, checked.value(), frame) else f"{library.seeded}\n"
    found = checked.claimed(y)
    if len(checked.wrt) > 1 and not isinstance(found, (tuple, list, Mapping)):
        checked = replace(checked, wrt=checked.wrt[:1])
    eps, title = _precision(checked), f"{report.bug or 'A wrong gradient'}: {_FOUND} {report.seed}."
    program = partial(Program, title, library, tuple(_origins(checked)))
    if not seeded:
        for definitions, body in plain(checked, y, found, named, library, report, eps):
            yield program(_with_helpers(named, library, definitions), body)
    data = "\n".join(f"    {name!r}: {text}," for name, text in named.items())
    blocks = [
        f"inputs = {{\n{data}\n}}\nwrt = {checked.wrt!r}\n",
        *([] if not checked.layer else ["f, claim = layer.forward, layer.backward\n"]),
        f"def host(a):\n    return {library.host}\n",
        f"def like(values, a):\n    return {library.like}\n",
        *_functions(checked, y, found, library, report.bug, seeded),
    ]
    definitions = _with_helpers(named, library, *blocks)
    ahead = checked.kind == "jvp" or report.bug == FORWARD_MODE
    for body in bodies(report, eps, forward=ahead):
        wide = [f"\n\ndef wide(values, a):\n    return {library.wide}\n"] if "wide(" in body else []
        yield program(definitions + "".join(wide), body)


def _functions(
    checked: Checked, y: Any, found: Any, library: Library, bug: str | None, seeded: str
) -> Iterator[str]:
    """Yield what the program differentiates and the derivative that it looks at."""
    if bug == FORWARD_MODE:
        yield forward(checked, y, seeded)
        yield function("push(t)", seeded + library.push)
        return
    if bug == SECOND_DERIVATIVE:  # the derivative of the gradient, then, is the one to look at
        yield forward(checked, y, seeded, "primal")
        yield function("outputs(at)", SLOPES + library.gradients)
    else:
        yield forward(checked, y, seeded)
    yield derivative(checked, y, found, library, seeded)


def _with_helpers(named: Mapping[str, str], library: Library, *blocks: str) -> str:
    """Return the blocks after the functions that the inputs' expressions need."""
    data = "".join(named.values())
    helpers = [text for name, text in HELPERS.items() if f"{name}(" in data]
    helpers += [library.laid_out] if "laid_out(" in data else []
    return "\n\n".join([*helpers, *blocks])


def _origins(checked: Checked) -> Iterator[tuple[str, Any, Origin | None]]:
    if checked.layer:
        yield "layer", checked.f, origin_of(checked.f, checked.frame)
        return
    yield "f", checked.function, origin_of(checked.function, checked.frame)
    if checked.claim is not None:
        yield "claim", checked.claim, origin_of(checked.claim, checked.frame)


def _precision(checked: Checked) -> dict[str, float]:
    """Return the precisions in which f can be run: float64 first where f honours it."""
    frame = checked.frame
    own = max(epsilon(frame.dtype_name(checked.inputs[n])) for n in checked.wrt)
    found = {"like": own, "claim": own}
    if own <= epsilon("float64"):
        return found
    with frame.widened():
        try:
            floating = [y for y in each_of(checked.value(wide=True)) if frame.is_floating(y)]
        except Exception:
            return found
        if floating and all(frame.dtype_name(y) == "float64" for y in floating):
            return {"wide": epsilon("float64"), **found}
    return found


def _same(one: Any, other: Any, frame: Frame) -> bool:
    pairs = zip(each_of(one), each_of(other), strict=True)
    return all(
        np.array_equal(frame.to_numpy(a), frame.to_numpy(b), equal_nan=True)
        for a, b in pairs
        if frame.is_floating(a)
    )
