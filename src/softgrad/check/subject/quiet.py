"""Running other people's code: random state frozen, warnings silenced, exceptions told."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame

__all__ = ["CodeRaised", "OneGradient", "Randomness", "quiet", "run"]


class CodeRaised(Exception):
    """The code under check raised.

    Parameters
    ----------
    stage
        What was being called, as the subject of a sentence.
    cause
        The exception.
    """

    def __init__(self, stage: str, cause: BaseException) -> None:
        text = " ".join(str(cause).split())
        super().__init__(f"{stage} raised {type(cause).__name__}: {text[:300]}")
        self.stage = stage
        self.cause = cause


class OneGradient(CodeRaised):
    """The derivative returned one array where several inputs are differentiable."""


class Randomness:
    """The global random states, put back before each evaluation of code that draws from them.

    So a function that draws its own noise (dropout, Gumbel) draws the same noise every time.
    NumPy takes longer to put its state back than to run a small function, hence that is done only
    for code that was seen to draw from it.
    """

    def __init__(self, rewind_frame: Callable[[], None]) -> None:
        self._rewind_frame = rewind_frame
        self._start = _states()
        self._drawn = False
        self._watched = False

    def rewind(self, *, watch: bool = False) -> None:
        """Put the states back; with ``watch`` find out whether the next evaluation draws."""
        if self._watched and not self._drawn:
            self._drawn = not _same(_states(), self._start)
        self._watched = watch
        self._rewind_frame()
        if self._drawn:
            self._restore()

    def restore(self) -> None:
        """Put all states back to what they were when the check began."""
        self._rewind_frame()
        self._restore()

    def _restore(self) -> None:
        np.random.set_state(self._start[0])
        random.setstate(self._start[1])


def _states() -> tuple[Any, Any]:
    return np.random.get_state(), random.getstate()


def _same(a: tuple[Any, Any], b: tuple[Any, Any]) -> bool:
    legacy = zip(a[0], b[0], strict=True)
    return a[1] == b[1] and all(np.array_equal(one, two) for one, two in legacy)


@contextmanager
def quiet(frame: Frame) -> Iterator[Randomness]:
    """Silence warnings and keep the global random state, which is put back on leaving."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), frame.frozen() as rewind:
        warnings.simplefilter("ignore")
        randomness = Randomness(rewind)
        try:
            yield randomness
        finally:
            randomness.restore()


def run(stage: str, function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call ``function``; an exception becomes :class:`CodeRaised`."""
    try:
        return function(*args, **kwargs)
    except CodeRaised:
        raise
    except (Exception, RecursionError) as cause:
        raise CodeRaised(stage, cause) from cause
