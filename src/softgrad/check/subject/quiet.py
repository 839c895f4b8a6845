"""Running other people's code: random state frozen, warnings silenced, exceptions told."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame

__all__ = ["CodeRaised", "OneGradient", "quiet", "run"]


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


@contextmanager
def quiet(frame: Frame) -> Iterator[Callable[[], None]]:
    """Silence warnings, and yield a function that puts all global random state back.

    Calling it before each evaluation makes a function that draws its own noise (dropout, Gumbel)
    draw the same noise every time. The state is put back on leaving as well.
    """
    numpy_state = np.random.get_state()
    python_state = random.getstate()

    def restore() -> None:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        restore_frame()

    with warnings.catch_warnings(), np.errstate(all="ignore"), frame.frozen() as restore_frame:
        warnings.simplefilter("ignore")
        try:
            yield restore
        finally:
            restore()


def run(stage: str, function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call ``function``; an exception becomes :class:`CodeRaised`."""
    try:
        return function(*args, **kwargs)
    except CodeRaised:
        raise
    except (Exception, RecursionError) as cause:
        raise CodeRaised(stage, cause) from cause
