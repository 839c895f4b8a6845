"""Whether a bug is gone where an axis has a whole number of tiles."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.naming.experiment import arrays, changed, status
from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair
from softgrad.check.report.finding import Finding
from softgrad.check.subject.subject import Subject

__all__ = ["tiles"]

_TILES = (128, 32, 16, 8, 4)
_MOST_TRIED = 3  # in vain; long products underflow, so that the shorter ones are tried too
_MOST_ENTRIES = 100_000


def tiles(subject: Subject, p: Pair, seed: int = 0) -> Iterator[Guess]:
    """Lengthen one axis to a multiple of usual tiles, then find the smallest that is right."""
    for axis, length in enumerate(p.x.shape):
        right: list[int] = []
        for tile in _TILES if length > 1 else ():
            if _status(subject, length, _above(length, tile), seed) == "right":
                right.append(tile)
            elif right or tile == _TILES[_MOST_TRIED]:
                break
        if not right:
            continue
        tile, multiple = right[-1], _above(length, right[-1])
        beside = [_status(subject, length, n, seed) for n in (multiple + 1, multiple + 2 * tile)]
        if beside == ["wrong", "right"]:
            told = (
                f"right where axis {axis} has a multiple of {tile} entries, such as {multiple}, "
                f"wrong for {length} and {multiple + 1}"
            )
            yield Guess(Finding("partial_block", f"{p.name}: {told}"), True)
            return


def _above(length: int, tile: int) -> int:
    """Return an odd multiple, which is one of no larger tile."""
    count = -(-length // tile)
    return (count + 1 - count % 2) * tile


def _status(subject: Subject, old: int, new: int, seed: int) -> str:
    """Return what a probe says once all axes of one length have another one."""
    longer: dict[str, np.ndarray] = {}
    for name, given in arrays(subject).items():
        array = given
        for axis in [a for a, n in enumerate(given.shape) if n == old]:
            array = np.take(array, np.arange(new) % old, axis=axis)
        if array.size > _MOST_ENTRIES:
            return "too large"
        longer[name] = np.ascontiguousarray(array)
    return status(changed(subject, longer), seed)
