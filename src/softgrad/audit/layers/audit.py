"""Auditing a network of layers that were written from scratch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from softgrad.audit.layers.run import Played, runner, watched
from softgrad.audit.layers.tree import layers_of
from softgrad.audit.place import Place
from softgrad.audit.report.notes import strange
from softgrad.audit.report.report import AuditReport, Finding, Note
from softgrad.audit.report.words import array, plain
from softgrad.check import Report, check
from softgrad.check.frameworks import frame_named
from softgrad.check.report.location import location_of
from softgrad.check.subject.arguments import under
from softgrad.check.subject.binding import input_names
from softgrad.check.subject.tree import leaves

__all__ = ["audit"]

Progress = Callable[[int, int | None, str], None]

_TARGETS = {"y", "t", "target", "targets", "label", "labels", "y_true", "truth"}
"""What a ``backward`` takes that does not take the upstream gradient."""


def audit(
    model: Any,
    args: tuple,
    kwargs: Mapping[str, Any],
    loss: Any,
    *,
    thorough: bool,
    battery: bool,
    entire: bool,
    progress: Progress | None,
    seed: int,
) -> AuditReport:
    """Return the report on a network at its batch."""
    played = watched(model, args, kwargs, loss)
    kinds: dict[tuple, list[Played]] = {}
    for each in played:
        kinds.setdefault((each.name,) if thorough else _kind(each), []).append(each)
    wrong: set[str] = set()
    findings = []
    for done, alike in enumerate(kinds.values()):
        first = alike[0]
        if progress is not None:
            progress(done, len(kinds), type(first.layer).__name__)
        inner = [name for name in wrong if name != first.name and _inside(name, first.name)]
        report = _spoiled(inner) if inner else _judged(first, battery, seed)
        wrong |= {each.name for each in alike if report.ok is False}
        findings.append(_finding(alike, report))
    whole = None
    if entire and not wrong and (running := runner(model)) is not model:
        whole = check(running, args, battery=False, seed=seed) if _floating(args) else None
    calls = sum(len(each.count) for each in played)
    return AuditReport(tuple(findings), whole, tuple(_notes(played)), calls, seed)


def _judged(played: Played, battery: bool, seed: int) -> Report:
    layer = played.layer
    inputs = played.args if not played.kwargs else _by_name(played)
    if not _floating(inputs):
        return Report(None, "none of its inputs is a floating array", seed=seed)
    if input_names(layer.backward, 1)[0] in _TARGETS:
        told = "its backward takes the target and not the upstream gradient: of which loss?"
        return Report(None, told, seed=seed)
    return check(layer, inputs, battery=battery, seed=seed)


def _by_name(played: Played) -> dict[str, Any]:
    names = input_names(played.layer.forward, len(played.args))
    return {**dict(zip(names, played.args, strict=True)), **played.kwargs}


def _inside(name: str, whole: str) -> bool:
    return not whole or under(whole, name)


def _spoiled(inner: list[str]) -> Report:
    return Report(None, f"what it is made of is wrong: {', '.join(sorted(inner))}")


def _kind(played: Played) -> tuple:
    """Return what makes two layers the same check: all but the values of their arrays."""
    state = {name: _described(value) for name, value in vars(played.layer).items()}
    given = [_described(leaf) for leaf in leaves(frame_named("numpy"), played.args)]
    inner = len(layers_of(played.layer)) > 1  # whose parts may differ
    return (type(played.layer), repr(state), repr(given), inner and played.name)


def _described(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype, value.strides)
    return value if isinstance(value, (int, float, str, bool)) else type(value)


def _finding(alike: list[Played], report: Report) -> Finding:
    first = alike[0]
    given = [*first.args, *first.kwargs.values()]
    call = f"{type(first.layer).__name__}({', '.join(map(_shown, given))})"
    names = tuple(each.name for each in alike)
    places = (place,) if (place := _written(first.layer)) else ()
    return Finding(call, places, None, names, sum(len(each.count) for each in alike), report)


def _shown(value: Any) -> str:
    return array(value.dtype, value.shape) if isinstance(value, np.ndarray) else plain(value)


def _written(layer: Any) -> Place | None:
    """Return where a layer's ``backward`` is written: that is what may be wrong."""
    found = location_of(type(layer).backward)
    if found is None:
        return None
    return Place(str(Path(found[0]).resolve()), found[1], f"{type(layer).__name__}.backward")


def _floating(inputs: Any) -> bool:
    frame = frame_named("numpy")
    return any(frame.is_floating(leaf) for leaf in leaves(frame, inputs))


def _notes(played: list[Played]) -> list[Note]:
    first = next((each for each in played if not all(each.finite)), None)
    if first is None:
        return []
    return [strange("value", type(first.layer).__name__, _written(first.layer), first.name)]
