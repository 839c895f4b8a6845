"""The truth: each member's textbook definition in mpmath, at as many digits as asked for."""

from softgrad.oracle.exact import Exact as Exact
