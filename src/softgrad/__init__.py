"""The gradient of softmax — right, fast, at any scale — and the checker that names a wrong one.

>>> import numpy as np, softgrad
>>> x = np.array([1.0, 2.0, 3.0])
>>> p, pullback = softgrad.vjp(softgrad.softmax, x)
>>> pullback(np.array([1.0, 0.0, 0.0]))
array([ 0.08192507, -0.02203304, -0.05989202])

Functions: :func:`softmax`, :func:`log_softmax`, :func:`logsumexp`, :func:`entmax`,
:func:`sparsemax`, :func:`sigmoid`, :func:`log_sigmoid`, :func:`softplus`, :func:`cross_entropy`,
:func:`binary_cross_entropy`. Derivatives: :func:`vjp`, :func:`jvp`, :func:`jacobian`,
:func:`hvp`, :func:`linearize`, :func:`value_and_grad`. And :func:`check`, for anyone's gradient;
:func:`audit`, for every call of a model; :func:`watch`, while it is trained; :func:`survey`, for
whole libraries; :func:`set_num_threads` and :func:`set_kept_memory` for large arrays.
"""

from typing import Any as _Any

from softgrad.audit import AuditReport as AuditReport
from softgrad.audit import audit as audit
from softgrad.audit import watch as watch
from softgrad.calculus import Jacobian as Jacobian
from softgrad.calculus import hvp as hvp
from softgrad.calculus import jacobian as jacobian
from softgrad.calculus import jvp as jvp
from softgrad.calculus import linearize as linearize
from softgrad.calculus import value_and_grad as value_and_grad
from softgrad.calculus import vjp as vjp
from softgrad.check import Report as Report
from softgrad.check import check as check
from softgrad.family import binary_cross_entropy as binary_cross_entropy
from softgrad.family import cross_entropy as cross_entropy
from softgrad.family import entmax as entmax
from softgrad.family import log_sigmoid as log_sigmoid
from softgrad.family import log_softmax as log_softmax
from softgrad.family import logsumexp as logsumexp
from softgrad.family import sigmoid as sigmoid
from softgrad.family import softmax as softmax
from softgrad.family import softplus as softplus
from softgrad.family import sparsemax as sparsemax
from softgrad.function import functions as functions
from softgrad.native import get_kept_memory as get_kept_memory
from softgrad.native import get_num_threads as get_num_threads
from softgrad.native import set_kept_memory as set_kept_memory
from softgrad.native import set_num_threads as set_num_threads
from softgrad.survey import SurveyReport as SurveyReport
from softgrad.survey import survey as survey

__version__ = "0.1.0"


def __getattr__(name: str) -> _Any:
    """Find functions that were declared elsewhere."""
    if name in functions():
        return functions()[name]
    raise AttributeError(f"module 'softgrad' has no attribute {name!r}")
