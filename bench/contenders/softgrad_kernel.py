"""softgrad's kernel and binding alone, with a new array: what a call costs without Python."""

from collections.abc import Callable
from functools import partial

from bench.kernels.cases import Case, logits

from softgrad import _native


def softmax(case: Case) -> Callable[[], object]:
    if case.axis != -1 or case.dtype == "bfloat16":
        raise NotImplementedError("it takes the last axis of dtypes that NumPy knows")
    place = next(k for k, (name, _) in enumerate(_native.kernels()) if name == "softmax")
    return partial(_native.apply, place, logits(case), None)
