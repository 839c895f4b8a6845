"""Guesses about single places: lost contributions, wrapped offsets, a few odd entries."""

from collections.abc import Iterator, Mapping

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot, beside, direction
from softgrad.check.naming.addresses import overwritten
from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair
from softgrad.check.report.finding import Finding
from softgrad.check.report.words import counted
from softgrad.check.subject.subject import Subject

__all__ = ["at_ties", "lost_contributions", "scattered", "sparse", "vanished", "wrapped"]

_SPARSE, _TIED = 0.1, 0.75  # the largest shares of the entries
_LIMITS = (2**8, 2**15, 2**16, 2**31, 2**32)


def lost_contributions(subject: Subject, p: Pair) -> Iterator[Guess]:
    """Of several contributions to one entry only one arrives."""
    yield from overwritten(subject, p)
    lost = p.live & ~p.right
    if not lost.any() or (p.filled & ~p.right).any():
        return
    columns = lost.any(0)
    kept = (p.live & p.right).sum(0)[columns]
    several = p.live.sum(0) > 1
    if np.array_equal(columns, several) and not several.all() and (kept == 1).all():
        told = "an entry that several outputs depend on gets the gradient of only one of them"
        yield p.place("scatter_overwrite", told, lost)


def vanished(p: Pair) -> Iterator[Guess]:
    """Look for entries that are 0 at large inputs only."""
    apart, columns = _apart(p)
    if not columns.size or columns.size == p.x.size or not p.live.any():
        return
    x = p.x.ravel()
    at = x[columns]
    rest = np.delete(x, columns)
    size = np.abs(p.true[:, columns]).max(0)
    kept = np.abs(p.claimed[:, columns]).max(0) / np.maximum(size, 1e-300)
    gone = bool((kept < 1e-2).any() and (kept < 1).all())
    if p.elementwise and gone and np.abs(at).min() > max(5.0, np.abs(rest).min()):
        told = f"the gradient is 0 where |{p.name}| ≥ {np.abs(at).min():.3g}; the right one is not"
        yield p.place("cancellation_to_zero", told, apart)


def sparse(p: Pair) -> Iterator[Guess]:
    """Look for a few entries that are slightly off."""
    apart, columns = _apart(p)
    if not _few(p, columns, _SPARSE):
        return
    size = np.abs(p.true[:, columns]).max(0)
    off = np.abs(p.claimed - p.true)[:, columns].max(0) / np.maximum(size, 1e-300)
    if 0 < off.max() < 0.5:
        places = counted(int(columns.size))
        told = f"the gradient is off at {places}, by up to {off.max():.2g} of the right value"
        yield p.place("sparse_error", told, apart)


def at_ties(p: Pair) -> Iterator[Guess]:
    """Look for entries that are wrong exactly at a tie or at zero."""
    apart, columns = _apart(p)
    if not _few(p, columns, _TIED):
        return
    x = p.x.ravel()
    at, rest = x[columns], np.delete(x, columns)
    if (at == 0).all() and not (rest == 0).any():
        yield p.place("kink_or_tie", "wrong exactly where the input is 0", apart)
    shared = np.array([(x == value).sum() > 1 for value in at])
    if shared.all() and np.unique(rest).size == rest.size:
        yield p.place("kink_or_tie", "wrong exactly where entries tie", apart)


def scattered(wrong: Mapping[str, np.ndarray | None]) -> Finding | None:
    """Look for a few wrong entries in what was located."""
    for name, mask in wrong.items():
        if mask is not None and 0 < mask.sum() <= max(1, mask.size // 50):
            places = counted(int(mask.sum()))
            return Finding("sparse_error", f"{name}: the gradient is off at {places}")
    return None


def wrapped(gauge: Instrument, shot: Shot, seed: int) -> Finding | None:
    """Look for a gradient that is right up to a flat offset of 2ᵏ and zero beyond it."""
    subject = gauge.subject
    if len(subject.wrt) != 1:
        return None
    rng = beside(seed)
    for limit in _LIMITS:
        if limit >= subject.n:
            continue
        row = subject.shapes[subject.wrt[0]][-1] or 1
        start = -(-limit // row) * row
        beyond = np.arange(subject.n) >= start
        if shot.d[beyond].any() or not shot.d[~beyond].any():
            continue
        slope = gauge.slope(shot.g, shot.d, np.where(beyond, direction(rng, subject.n), 0.0))
        if abs(slope.residual) > 8 * slope.error:
            name = subject.wrt[0]
            return Finding("index_wrap", f"{name}: nothing arrives beyond flat index {limit}")
    return None


def _apart(p: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Return where the two Jacobians differ, and the entries of the input where they do."""
    apart = np.abs(p.claimed - p.true) > 4 * p.tolerance
    return apart, np.flatnonzero(apart.any(0))


def _few(p: Pair, columns: np.ndarray, share: float) -> bool:
    """Return whether these entries of the input are some, and at most ``share`` of all."""
    return bool(p.live.any()) and 0 < columns.size <= max(1, int(share * p.x.size))
