"""``assert_gradient``: what passes, what it raises, and how unittest sees it."""

import re
import unittest

import numpy as np
import pytest
from check.right import softmax
from testing.subjects import X, diagonal, right, unshifted

from softgrad.errors import ArgumentError
from softgrad.testing import (
    GradientTestCase,
    UndecidedGradient,
    WrongGradient,
    assert_gradient,
    gradient_cases,
)


def nothing(x):
    return np.full_like(x, np.nan)


def test_right():
    report = assert_gradient(softmax, (X,), vjp=right, like="softmax", seed=4)
    assert report.ok is True
    assert report.seed == 4


def test_wrong_raises_with_the_report():
    with pytest.raises(WrongGradient) as raised:
        assert_gradient(softmax, (X,), vjp=diagonal)
    assert isinstance(raised.value, AssertionError)
    assert not isinstance(raised.value, UndecidedGradient)
    assert raised.value.report.bug == "diagonal_only"
    assert str(raised.value) == str(raised.value.report)
    assert str(raised.value).startswith("gradient: WRONG (diagonal_only)\n")


def test_undecided_is_a_failure_of_its_own():
    with pytest.raises(UndecidedGradient, match="UNDECIDED"):
        assert_gradient(nothing, (X,), vjp=right)
    assert assert_gradient(nothing, (X,), undecided="pass", vjp=right).ok is None


def test_a_wrong_option_is_told():
    with pytest.raises(ArgumentError, match="undecided must be 'raise' or 'pass'; got 'skip'"):
        assert_gradient(softmax, (X,), undecided="skip", vjp=right)
    with pytest.raises(TypeError, match="tolerance"):
        assert_gradient(softmax, (X,), vjp=right, tolerance=1)


class Suite(GradientTestCase, unittest.TestCase):
    __test__ = False  # run below, not by pytest

    def test_right(self):
        self.assertGradient(softmax, (X,), vjp=right)

    def test_wrong(self):
        self.assertGradient(softmax, (X,), vjp=diagonal)

    def test_undecided(self):
        self.assertGradient(nothing, (X,), vjp=right)

    def test_rows(self):
        for case in gradient_cases("example", "large entries"):
            with self.subTest(case=case.name):
                case.check(softmax, (X,), vjp=unshifted)

    def test_rows_of_a_wrong_one(self):
        for case in gradient_cases("example", "ties"):
            with self.subTest(case=case.name):
                case.check(softmax, (X,), vjp=diagonal)


@pytest.mark.parametrize(
    ("name", "failures", "skipped"),
    [
        ("test_right", [], 0),
        ("test_wrong", ["gradient: WRONG (diagonal_only)"], 0),
        ("test_undecided", ["gradient: UNDECIDED"], 0),
        ("test_rows", ["gradient: WRONG (overflow_nan)"], 0),
        ("test_rows_of_a_wrong_one", ["gradient: WRONG (diagonal_only)"], 1),
    ],
)
def test_unittest(name, failures, skipped):
    result = unittest.TestResult()
    unittest.TestSuite([Suite(name)]).run(result)
    assert result.errors == []
    told = [re.findall(r"gradient: .*", text)[0] for _, text in result.failures]
    assert told == failures
    assert len(result.skipped) == skipped
