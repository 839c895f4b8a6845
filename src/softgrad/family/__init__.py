"""The family: each module declares its members and the public functions made of them."""

from importlib import import_module
from pkgutil import iter_modules

from softgrad.family.binary_cross_entropy import binary_cross_entropy as binary_cross_entropy
from softgrad.family.cross_entropy import cross_entropy as cross_entropy
from softgrad.family.entmax import entmax as entmax
from softgrad.family.entmax import sparsemax as sparsemax
from softgrad.family.log_sigmoid import log_sigmoid as log_sigmoid
from softgrad.family.log_softmax import log_softmax as log_softmax
from softgrad.family.logsumexp import logsumexp as logsumexp
from softgrad.family.sigmoid import sigmoid as sigmoid
from softgrad.family.softmax import softmax as softmax
from softgrad.family.softplus import softplus as softplus

for _module in iter_modules(__path__):  # a member in a file of its own needs no line here
    import_module(f"{__name__}.{_module.name}")
