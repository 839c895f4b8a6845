"""Structured Jacobians: four shapes close the family, and the chain rule composes them."""

from softgrad.structure._base import Structure as Structure
from softgrad.structure._base import Transpose as Transpose
from softgrad.structure._base import times as times
from softgrad.structure.centering import Centering as Centering
from softgrad.structure.compound import Product as Product
from softgrad.structure.compound import Sum as Sum
from softgrad.structure.diagonal import Diagonal as Diagonal
from softgrad.structure.functional import Functional as Functional
from softgrad.structure.weighted_centering import WeightedCentering as WeightedCentering
