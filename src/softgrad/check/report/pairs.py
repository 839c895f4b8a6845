"""Reports about complex inputs: measured as pairs of reals, told as complex arrays."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from softgrad.check.report.finding import Entry
from softgrad.check.report.report import Report

__all__ = ["unpaired"]

_PARTS = ("real", "imag")


def unpaired(report: Report, names: Iterable[str]) -> Report:
    """Return the report with masks of the named complex inputs' own shape."""
    names = set(names)
    if not names:
        return report
    masks = (report.wrong or {}).items()
    wrong = {name: np.any(m, axis=-1) if name in names else m for name, m in masks} or None
    entries = tuple(_part(e) if e.input in names else e for e in report.entries)
    return replace(report, wrong=wrong, entries=entries)


def _part(entry: Entry) -> Entry:
    *index, part = entry.index
    return replace(entry, input=f"{entry.input}.{_PARTS[part]}", index=tuple(index))
