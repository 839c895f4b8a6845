"""What a member of the family declares: its map, domain, laws and numerics."""

from softgrad.declare.domain import Convention as Convention
from softgrad.declare.domain import Domain as Domain
from softgrad.declare.graph import Leaf as Leaf
from softgrad.declare.graph import Node as Node
from softgrad.declare.laws import Law as Law
from softgrad.declare.member import Member as Member
from softgrad.declare.member import State as State
from softgrad.declare.numerics import Numerics as Numerics
