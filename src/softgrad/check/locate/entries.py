"""Where a gradient is wrong: exactly where that can be told, and what stands there instead."""

from dataclasses import dataclass

import numpy as np

from softgrad.check.locate.columns import Columns, wrong_entries
from softgrad.check.locate.decode import decode
from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot
from softgrad.check.precision import SAFETY
from softgrad.check.report.finding import Entry

__all__ = ["Located", "locate"]

_SAMPLE = 32
_SHOWN = 8


@dataclass(frozen=True)
class Located:
    """The wrong entries of a gradient.

    Parameters
    ----------
    masks
        The wrong entries of each input; ``None`` where they are too many to be told one by one.
    entries
        Some of them, or all if they are few, with their values.
    told
        What else is known, as sentences.
    """

    masks: dict[str, np.ndarray | None]
    entries: tuple[Entry, ...]
    told: tuple[str, ...] = ()


def locate(gauge: Instrument, shot: Shot, seed: int, columns: Columns | None = None) -> Located:
    """Find the wrong entries of ``shot.d``.

    From the measured Jacobian if it is there; else by decoding if they are few; else by sampling.
    """
    subject = gauge.subject
    if columns is not None:
        mask = wrong_entries(gauge, columns, shot.g, shot.d)
        known = {n: m for n, m in subject.split(mask).items() if n in columns.names}
        return Located({**known}, _from_columns(gauge, columns, shot, mask))
    among = np.flatnonzero(gauge.free)
    decoded = decode(gauge, shot, among, seed)
    if decoded.dense or not decoded.found:
        told = () if decoded.dense else _unsure(gauge, decoded.unsure)
        return _sampled(gauge, shot, among, seed, told)
    looked = [(j, _look(gauge, shot, j)) for j in decoded.found]
    wrong = [(j, entry) for j, (entry, off) in looked if off]
    mask = np.zeros(subject.n, bool)
    mask[[j for j, _ in wrong]] = True
    masks = dict.fromkeys(subject.wrt) if decoded.unsure else dict(subject.split(mask))
    return Located(masks, tuple(e for _, e in wrong), _unsure(gauge, decoded.unsure))


def _unsure(gauge: Instrument, sets: list[np.ndarray]) -> tuple[str, ...]:
    """Say where there is something wrong that cannot be singled out."""
    told = []
    for index in sets[:3]:
        low, high = (_name(gauge, int(j)) for j in (index.min(), index.max()))
        told.append(
            f"below resolution: something is wrong among {index.size:,} entries "
            f"between {low} and {high}"
        )
    return tuple(told)


def _name(gauge: Instrument, j: int) -> str:
    name, index = _place(gauge, j)
    return name + str(list(index)).replace(" ", "") if index else name


def _place(gauge: Instrument, j: int) -> tuple[str, tuple[int, ...]]:
    subject = gauge.subject
    name = next(n for n, s in subject.slices.items() if s.start <= j < s.stop)
    at = np.unravel_index(j - subject.slices[name].start, subject.shapes[name])
    return name, tuple(int(i) for i in at)


def _sampled(
    gauge: Instrument, shot: Shot, among: np.ndarray, seed: int, told: tuple[str, ...]
) -> Located:
    """Look at a few entries drawn at random."""
    drawn = np.random.default_rng(seed).permutation(among)[:_SAMPLE]
    looked = [_look(gauge, shot, int(j)) for j in np.sort(drawn)]
    wrong = [entry for entry, off in looked if off]
    if wrong and not told:
        told = (f"of {drawn.size} entries drawn at random {len(wrong)} are wrong",)
    masks: dict[str, np.ndarray | None] = dict.fromkeys(gauge.subject.wrt)
    return Located(masks, tuple(wrong[:_SHOWN]), told)


def _look(gauge: Instrument, shot: Shot, j: int) -> tuple[Entry, bool]:
    """Measure one entry, and tell whether the claim is wrong there."""
    subject = gauge.subject
    u, claimed = np.zeros(gauge.x.size), np.zeros(gauge.x.size)
    u[j] = 1.0
    claimed[j] = value = float(shot.claimed(subject, u)[j])
    share = shot.floor / np.sqrt(gauge.x.size)
    slope = gauge.slope(shot.g, claimed, u, floor=share)
    rounding = 4 * subject.eps * abs(value)
    error = slope.error + share
    off = abs(slope.residual) > SAFETY * error + rounding
    name, index = _place(gauge, j)
    return Entry(name, index, value, value - slope.residual, error), bool(off)


def _from_columns(
    gauge: Instrument, columns: Columns, shot: Shot, mask: np.ndarray
) -> tuple[Entry, ...]:
    true, error, _ = columns.gradient(gauge.masked(shot.g))
    where = {int(j): k for k, j in enumerate(columns.index)}
    found = []
    for j in np.flatnonzero(mask)[:_SHOWN]:
        name, index = _place(gauge, int(j))
        k = where[int(j)]
        found.append(Entry(name, index, float(shot.d[j]), float(true[k]), float(error[k])))
    return tuple(found)
