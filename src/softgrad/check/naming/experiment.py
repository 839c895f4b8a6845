"""Experiments: the example with other arrays, and what a probe says of the claim there."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from softgrad.check.measure.probe import probe
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["arrays", "changed", "status"]


def arrays(subject: Subject) -> dict[str, np.ndarray]:
    """Return every array among the inputs, differentiable or not."""
    frame = subject.frame
    return {k: frame.to_numpy(v) for k, v in subject.inputs.items() if frame.is_array(v)}


def changed(subject: Subject, others: Mapping[str, np.ndarray]) -> Subject:
    """Return the same function and claim with other arrays, in the dtypes of the user's."""
    frame, inputs = subject.frame, subject.inputs
    return subject.replace({k: frame.like(a, inputs[k]) for k, a in others.items()})


def status(subject: Subject, seed: int, changes: Mapping[str, Any] | None = None) -> str:
    """Return the status of one probe, after changes to the inputs; ``raises`` if the code does."""
    try:
        return probe(subject.replace(changes) if changes else subject, seed, lines=1).status
    except CodeRaised:
        return "raises"
