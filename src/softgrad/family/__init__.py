"""The family: each module declares its members and the public functions made of them."""

from softgrad.family.binary_cross_entropy import binary_cross_entropy as binary_cross_entropy
from softgrad.family.cross_entropy import cross_entropy as cross_entropy
from softgrad.family.elementwise import log_sigmoid as log_sigmoid
from softgrad.family.elementwise import sigmoid as sigmoid
from softgrad.family.elementwise import softplus as softplus
from softgrad.family.entmax import entmax as entmax
from softgrad.family.entmax import sparsemax as sparsemax
from softgrad.family.softmax import log_softmax as log_softmax
from softgrad.family.softmax import logsumexp as logsumexp
from softgrad.family.softmax import softmax as softmax
