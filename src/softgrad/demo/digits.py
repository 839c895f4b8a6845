"""What the demo takes from scikit-learn: the handwritten digits that ship inside it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softgrad.errors import MissingExtra

__all__ = ["Digits", "load", "single_threaded"]


@dataclass(frozen=True)
class Digits:
    """8x8 grey images as rows of 64 numbers from 0 to 1, split once and for all."""

    train: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float64]
    test_labels: NDArray[np.int64]

    classes: int = 10

    @property
    def chance(self) -> float:
        """The accuracy of always naming the commonest digit of the test set."""
        return float(np.bincount(self.test_labels).max() / self.test_labels.size)


def load() -> Digits:
    """Load the digits: three quarters to train on, one quarter to test on."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ModuleNotFoundError:
        raise MissingExtra("softgrad demo", "scikit-learn", "demo") from None
    digits: Any = load_digits()
    train, test, train_labels, test_labels = train_test_split(
        digits.data / 16.0,
        digits.target,
        test_size=0.25,
        random_state=0,
        stratify=digits.target,
    )
    return Digits(train, train_labels, test, test_labels)


def single_threaded() -> AbstractContextManager[object]:
    """Keep NumPy's matrix products on one thread: for matrices this small, more only wait."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
