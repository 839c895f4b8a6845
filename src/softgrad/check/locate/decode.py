"""A few wrong entries among many, found in a few evaluations: their index is a ratio of two sums.

If one entry j of d − t is not zero, then Σ wu(d − t) / Σ u(d − t) = w_j, whatever u, and
w_j = j + ½ tells which. More entries than one are first spread over buckets.
"""

from dataclasses import dataclass, field

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot

__all__ = ["Decoded", "decode"]

_BUCKETS, _FEWER = 8, 4  # of everything; of a part, which holds few wrong entries
_MOST_FOUND = 24
_BUDGET = 120
_CLEAR = 0.45  # of the distance between two indices


@dataclass
class Decoded:
    """What decoding gave.

    Parameters
    ----------
    found
        Flat indices of wrong entries.
    unsure
        Sets of entries among which there is a wrong one that the noise does not let be singled out.
    dense
        Whether it stopped because the wrong entries are too many to name.
    """

    found: list[int] = field(default_factory=list)
    unsure: list[np.ndarray] = field(default_factory=list)
    dense: bool = False


@dataclass(frozen=True)
class _Part:
    """A set of entries and Σ u(d − t) over it."""

    index: np.ndarray
    total: float


def decode(gauge: Instrument, shot: Shot, among: np.ndarray, seed: int) -> Decoded:
    """Find the wrong entries of ``shot.d`` among the given flat indices, if they are few."""
    return _Decoder(gauge, shot, among.size, seed).run(among)


class _Decoder:
    def __init__(self, gauge: Instrument, shot: Shot, size: int, seed: int) -> None:
        self.gauge, self.shot = gauge, shot
        self.rng = np.random.default_rng(seed)
        self.left = _BUDGET
        self.size = size
        self.scale = gauge.weight(gauge.masked(shot.g), np.where(gauge.free, shot.d, 0.0))
        self.step = min(gauge.step, shot.slope.step)
        self.noise = 0.0

    def run(self, among: np.ndarray) -> Decoded:
        result = Decoded()
        queue = [_Part(among, self._begin(among))]
        while queue and not result.dense:
            part = queue.pop(0)
            if abs(part.total) <= self.tolerance(part.index.size):
                continue
            if self.left <= 0:
                result.unsure.append(part.index)
                continue
            self._resolve(part, queue, result)
            result.dense = len(result.found) + len(queue) > _MOST_FOUND
        result.found.sort()
        return result

    def _begin(self, among: np.ndarray) -> float:
        """Return the sum over everything, and choose the step that keeps the noise lowest.

        Truncation falls as the step's fourth power, rounding grows as its inverse.
        """
        shot, gauge = self.shot, self.gauge
        fine = shot.slope
        if among.size < gauge.x.size or not np.isfinite(fine.error):
            u = self._spread(among)
            fine = gauge.slope(shot.g, self._claimed(u), u)
        bent = max(abs(self.sum(among) - fine.residual), fine.error / 10)
        rounding = gauge.eps * self.scale / self.step
        shrink = min(1.0, (rounding / max(bent, rounding)) ** (1 / 5))
        self.step *= shrink
        self.noise = 4 * (bent * shrink**4 + rounding / shrink)
        return fine.residual

    def _resolve(self, part: _Part, queue: list[_Part], result: Decoded) -> None:
        place, window = self._single(part)
        if place is not None:
            value = self.sum(np.array([place]))
            rest = part.total - value
            if abs(value) > self.tolerance(1):
                result.found.append(place)
                if abs(rest) > 2 * self.tolerance(part.index.size) + 1e-3 * abs(value):
                    queue.append(_Part(part.index[part.index != place], rest))
                return
        elif window is not None:
            result.unsure.append(window)
            return
        queue.extend(self._split(part))

    def _single(self, part: _Part) -> tuple[int | None, np.ndarray | None]:
        """Return the index of the one wrong entry, or else the narrowest set known to hold it.

        Neither where the sums contradict that it is one.
        """
        index, total = part.index, part.total
        while index.size > 1 and self.left > 0:
            m = index.size
            blur = self.tolerance(m) / abs(total)
            if blur > 0.25:
                return None, index
            ratio = self.sum(index, (np.arange(m) + 0.5) / m) / total
            if not -blur <= ratio <= 1 + blur:
                return None, None
            centre, reach = ratio * m - 0.5, blur * m
            if reach < _CLEAR:
                if abs(centre - round(centre)) > max(reach, 1e-3):
                    return None, None  # between two indices: several entries are wrong
                return int(index[min(max(round(centre), 0), m - 1)]), None
            low, high = max(int(centre - reach), 0), min(int(centre + reach) + 2, m)
            if high - low > 0.75 * m:
                low, high = 0, m // 2
            kept = self.sum(index[low:high])
            if abs(kept - total) <= 2 * self.tolerance(m) + 1e-3 * abs(total):
                index, total = index[low:high], kept
            elif low == 0 and high == m // 2 and abs(kept) <= self.tolerance(high):
                index = index[high:]
            else:
                return None, None
        return (int(index[0]), None) if index.size == 1 else (None, index)

    def _split(self, part: _Part) -> list[_Part]:
        """Spread the entries over buckets at random and return those that hold a wrong one."""
        shuffled = self.rng.permutation(part.index)
        count = _BUCKETS if shuffled.size > self.size / 2 else _FEWER
        pieces = [np.sort(p) for p in np.array_split(shuffled, min(count, shuffled.size))]
        totals = [self.sum(piece) for piece in pieces[:-1]]
        totals.append(part.total - sum(totals))
        rough = [self.tolerance(p.size) for p in pieces[:-1]]
        rough.append(sum(rough) + self.tolerance(part.index.size))
        found = zip(pieces, totals, rough, strict=True)
        return [_Part(piece, total) for piece, total, slack in found if abs(total) > slack]

    def tolerance(self, size: int) -> float:
        """Return what a sum over ``size`` right entries may come to."""
        return float(np.hypot(self.noise, 4 * self.shot.floor * np.sqrt(size / self.size)))

    def _spread(self, index: np.ndarray, weights: np.ndarray | float = 1.0) -> np.ndarray:
        u = np.zeros(self.gauge.x.size)
        u[index] = self.shot.u[index] * weights
        return u

    def sum(self, index: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
        """Return Σ wu(d − t) over the entries, from four evaluations."""
        self.left -= 1
        u = self._spread(index, weights)
        return self.gauge.quick(self.shot.g, self._claimed(u), u, self.step)

    def _claimed(self, u: np.ndarray) -> np.ndarray:
        return self.shot.claimed(self.gauge.subject, u)
