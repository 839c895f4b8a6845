"""Gradients in a test suite: one assertion, for pytest, unittest and anything else.

>>> import numpy as np
>>> from softgrad.testing import assert_gradient
>>> assert_gradient(np.tanh, np.eye(2), vjp=lambda g, y, x: g * (1 - y**2)).ok
True

With pytest, ``@pytest.mark.gradient`` makes a test of every example of the battery: see
``softgrad_pytest``. :mod:`softgrad.testing.strategies` draws arrays for hypothesis.
"""

from softgrad.testing.assertions import GradientTestCase as GradientTestCase
from softgrad.testing.assertions import UndecidedGradient as UndecidedGradient
from softgrad.testing.assertions import WrongGradient as WrongGradient
from softgrad.testing.assertions import assert_gradient as assert_gradient
from softgrad.testing.cases import GradientCase as GradientCase
from softgrad.testing.cases import gradient_cases as gradient_cases
