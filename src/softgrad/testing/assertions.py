"""An assertion that fails with the whole report."""

from typing import Any, Literal

from softgrad.check import Report, check
from softgrad.errors import ArgumentError

__all__ = ["GradientTestCase", "UndecidedGradient", "WrongGradient", "assert_gradient", "require"]

Undecided = Literal["raise", "pass"]


class WrongGradient(AssertionError):
    """The derivative is wrong.

    Parameters
    ----------
    report
        What the check found; the message is its text.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


class UndecidedGradient(WrongGradient):
    """The derivative could be shown neither right nor wrong, so the test has not done its work."""


def assert_gradient(
    f: Any, inputs: Any, *, undecided: Undecided = "raise", **options: Any
) -> Report:
    """Check a derivative with :func:`softgrad.check`; raise unless it is right.

    Parameters
    ----------
    f, inputs
        The function or layer, and the example.
    undecided
        ``"raise"``, the default, raises :class:`UndecidedGradient` where nothing could be decided:
        the function raises or is not finite there, or is too rough to be measured. ``"pass"`` lets
        that pass.
    options
        Any other option of :func:`softgrad.check`: ``vjp``, ``wrt``, ``like``, ``seed`` ….

    Returns
    -------
    Report
        The report of a derivative that is right, or undecided where that may pass.

    Raises
    ------
    WrongGradient
        An ``AssertionError`` with the report as its text and as its attribute ``report``.
    UndecidedGradient
        The same, where nothing could be decided.

    Examples
    --------
    >>> import numpy as np
    >>> from softgrad.testing import assert_gradient
    >>> assert_gradient(np.sin, np.ones(3), vjp=lambda g, x: -g * np.cos(x))
    Traceback (most recent call last):
    ...
    softgrad.testing.assertions.WrongGradient: gradient: WRONG (wrong_sign)
    ...
    """
    __tracebackhide__ = True
    return require(check(f, inputs, **options), undecided)


def require(report: Report, undecided: Undecided = "raise") -> Report:
    """Return the report of a derivative that is right; raise what any other one calls for."""
    __tracebackhide__ = True
    if undecided not in ("raise", "pass"):
        raise ArgumentError(f"undecided must be 'raise' or 'pass'; got {undecided!r}")
    if report.ok is False:
        raise WrongGradient(report)
    if report.ok is None and undecided == "raise":
        raise UndecidedGradient(report)
    return report


class GradientTestCase:
    """A mixin for ``unittest.TestCase``.

    Examples
    --------
    >>> import unittest
    >>> from softgrad.testing import GradientTestCase
    >>> class TestTanh(GradientTestCase, unittest.TestCase):
    ...     def test_backward(self):
    ...         self.assertGradient(np.tanh, np.ones(3), vjp=lambda g, y: g * (1 - y**2))
    """

    def assertGradient(  # named as unittest names
        self, f: Any, inputs: Any, *, undecided: Undecided = "raise", **options: Any
    ) -> Report:
        """Do as :func:`assert_gradient`."""
        __tracebackhide__ = True
        return assert_gradient(f, inputs, undecided=undecided, **options)
