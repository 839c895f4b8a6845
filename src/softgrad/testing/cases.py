"""One test for each idea of what a derivative might not survive."""

from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

from softgrad.check import Report, check
from softgrad.check.battery.variants import ROWS
from softgrad.errors import ArgumentError
from softgrad.testing.assertions import Undecided, require

__all__ = ["GradientCase", "gradient_cases"]

EXAMPLE = "example"


@dataclass(frozen=True)
class GradientCase:
    """The example itself, or one row of the battery: other examples made from it.

    Parameters
    ----------
    name
        ``"example"``, or the row's name, such as ``"ties"``.
    """

    name: str

    def __str__(self) -> str:
        """Return the name, for the test's id."""
        return self.name

    def check(
        self, f: Any, inputs: Any, *, undecided: Undecided = "raise", **options: Any
    ) -> Report:
        """Check a derivative here as :func:`softgrad.testing.assert_gradient` does.

        Parameters
        ----------
        f, inputs, undecided, options
            As there, without ``battery``.

        Raises
        ------
        WrongGradient, UndecidedGradient
            As there.
        unittest.SkipTest
            In a row of the battery, where the example itself is wrong or undecided already.
        """
        __tracebackhide__ = True
        if "battery" in options:
            raise ArgumentError("battery is chosen by the gradient case; leave it out")
        if self.name == EXAMPLE:
            return require(check(f, inputs, battery=False, **options), undecided)
        report = check(f, inputs, battery=(self.name,), **options)
        if report.ok is not True and report.example is None:
            raise SkipTest(f"the derivative is {report.verdict} at the example itself")
        return require(report, undecided)


def gradient_cases(*names: str) -> list[GradientCase]:
    """Return the example and the rows of the battery, or those of these names.

    Examples
    --------
    >>> import numpy as np
    >>> from softgrad.testing import gradient_cases
    >>> print(*gradient_cases("example", "ties"))
    example ties
    >>> for case in gradient_cases("example", "ties"):
    ...     _ = case.check(np.tanh, np.ones(3), vjp=lambda g, y: g * (1 - y**2))
    """
    known = [EXAMPLE, *(row.name for row in ROWS)]
    for name in names:
        if name not in known:
            raise ArgumentError(f"no gradient case is called {name!r}; there are {known}")
    return [GradientCase(name) for name in names or known]
