"""Derivatives of the family's functions, on any array library, without forming a Jacobian."""

from softgrad.calculus.jacobian import Jacobian as Jacobian
from softgrad.calculus.jacobian import jacobian as jacobian
from softgrad.calculus.products import hvp as hvp
from softgrad.calculus.products import jvp as jvp
from softgrad.calculus.products import linearize as linearize
from softgrad.calculus.products import value_and_grad as value_and_grad
from softgrad.calculus.products import vjp as vjp
