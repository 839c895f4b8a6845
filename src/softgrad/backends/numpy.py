"""NumPy: what runs at once is all there is."""

from softgrad.backends.at_once import solve as solve
from softgrad.backends.at_once import solve_value as solve_value
